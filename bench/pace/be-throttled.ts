import { setTimeout } from 'node:timers/promises'
import type { SubmissionEntry } from '../../src/simulator/submission-ledger.ts'
import type { Workbench } from '../run/workbench.ts'
import { perSecondOf } from './judge-pace.ts'
import { arrivedMs, PacedGateway } from './paced-gateway.ts'

export interface ThrottledOptions {
  readonly perSecond: number
  /** What the SMSC takes in truth. */
  readonly takenPerSecond: number
  /** Of throttling, and again after it takes all. */
  readonly seconds: number
}

export interface ThrottledPace extends ThrottledOptions {
  readonly submits: number
  readonly throttled: number
  readonly throttledPercent: number
  /** How much of what the SMSC takes it was given. */
  readonly takenPercent: number
  /** From the first submit that arrived when it took all to the first second with 95% of the pace; null: never. */
  readonly recoverySeconds: number | null
  readonly throttledAfterwards: number
  readonly perSecondArrivals: readonly (readonly [second: number, arrivals: number])[]
  readonly perSecondTaken: readonly (readonly [second: number, arrivals: number])[]
}

const RECOVERED = 0.95

/** Two workers, and an SMSC that takes less than was agreed; then it is started anew and takes all. */
export async function beThrottled(workbench: Workbench, options: ThrottledOptions): Promise<ThrottledPace> {
  const { perSecond, takenPerSecond, seconds } = options
  const smsc = { SIMULATOR_RATE_PER_SECOND: String(takenPerSecond) }
  const messages = perSecond * seconds * 3
  const gateway = await PacedGateway.start(workbench, { perSecond, messages, smsc })
  await Promise.all([gateway.join('worker-1'), gateway.join('worker-2')])
  const firstMs = await gateway.firstArrivalMs()
  await setTimeout(firstMs + seconds * 1_000 - Date.now())
  const before = gateway.submits()
  workbench.progress('the SMSC takes all')
  await gateway.stopSmsc()
  const held = gateway.submits().length
  await gateway.startSmsc({ SIMULATOR_RATE_PER_SECOND: '0' })
  await setTimeout(seconds * 1_000)
  const all = gateway.submits()
  const after = all.slice(held)
  const throttled = before.filter(isThrottled).length
  return {
    ...options,
    submits: before.length,
    throttled,
    throttledPercent: (100 * throttled) / before.length,
    takenPercent: (100 * (before.length - throttled)) / (takenPerSecond * seconds),
    recoverySeconds: recoverySeconds(after.map(arrivedMs), perSecond),
    throttledAfterwards: after.filter(isThrottled).length,
    perSecondArrivals: perSecondOf(all.map(arrivedMs)),
    perSecondTaken: perSecondOf(all.filter((submit) => !isThrottled(submit)).map(arrivedMs)),
  }
}

function isThrottled({ result }: SubmissionEntry): boolean {
  return result === 'throttled'
}

function recoverySeconds(arrivalsMs: readonly number[], perSecond: number): number | null {
  const full = perSecondOf(arrivalsMs).find(([, arrivals]) => arrivals >= RECOVERED * perSecond)
  return full ? full[0] : null
}
