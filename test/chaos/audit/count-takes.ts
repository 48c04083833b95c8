import { isTaken } from '../../../src/simulator/behaviour.ts'
import type { Submit } from './facts.ts'

/** How often the operator took each part of each message of which it took one at all. */
export function takesOfParts(submits: readonly Submit[]): Map<number, readonly number[]> {
  const takes = new Map<number, number[]>()
  for (const { ref, part, parts, result } of submits) {
    if (!isTaken(result)) continue
    const smsId = Number(ref.split('.')[0])
    const times = takes.get(smsId) ?? new Array<number>(parts).fill(0)
    times[part - 1]!++
    takes.set(smsId, times)
  }
  return takes
}
