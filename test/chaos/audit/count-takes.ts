import { isTaken } from '../../../src/simulator/behaviour.ts'
import type { Submit } from './facts.ts'

/** How often the operator took each message that it took whole: as often as the part that it took most often. */
export function takesOfMessages(submits: readonly Submit[]): Map<number, number> {
  const ofParts = new Map<number, number[]>()
  for (const { ref, part, parts, result } of submits) {
    if (!isTaken(result)) continue
    const smsId = Number(ref.split('.')[0])
    const times = ofParts.get(smsId) ?? new Array<number>(parts).fill(0)
    times[part - 1]!++
    ofParts.set(smsId, times)
  }
  const whole = [...ofParts].filter(([, times]) => times.every((each) => each > 0))
  return new Map(whole.map(([smsId, times]) => [smsId, Math.max(...times)]))
}
