import { setTimeout } from 'node:timers/promises'
import type { SubmissionEntry } from '../../src/simulator/submission-ledger.ts'
import type { Workbench } from '../run/workbench.ts'
import { perSecondOf, secondsUntilUsed } from './judge-pace.ts'
import { arrivedMs, PacedGateway } from './paced-gateway.ts'

export interface ThrottledOptions {
  readonly perSecond: number
  /** What the SMSC takes in truth. */
  readonly takenPerSecond: number
  /** Of throttling, and again of taking all. */
  readonly seconds: number
}

export interface ThrottledPace extends ThrottledOptions {
  readonly submits: number
  readonly throttled: number
  readonly throttledPercent: number
  /** How much of what the SMSC takes it was given. */
  readonly takenPercent: number
  /** From when it took all to the end of the first second with 95% of the pace; null: never. */
  readonly recoverySeconds: number | null
  readonly throttledAfterwards: number
  readonly perSecondArrivals: readonly (readonly [second: number, arrivals: number])[]
  readonly perSecondTaken: readonly (readonly [second: number, arrivals: number])[]
}

const RECOVERED = 0.95

/** Two workers, and an SMSC that takes less than was agreed for a while, and then all. */
export async function beThrottled(workbench: Workbench, options: ThrottledOptions): Promise<ThrottledPace> {
  const { perSecond, takenPerSecond, seconds } = options
  const smsc = { SIMULATOR_RATE_PER_SECOND: String(takenPerSecond), SIMULATOR_RATE_MS: String(seconds * 1_000) }
  const gateway = await PacedGateway.start(workbench, { perSecond, messages: perSecond * seconds * 3, smsc })
  await Promise.all([gateway.join('worker-1'), gateway.join('worker-2')])
  const openMs = (await gateway.firstArrivalMs()) + seconds * 1_000
  await setTimeout(openMs - Date.now())
  workbench.progress('the SMSC takes all')
  await setTimeout(seconds * 1_000)
  const submits = gateway.submits()
  const before = submits.filter((submit) => arrivedMs(submit) < openMs)
  const throttled = before.filter(isThrottled).length
  const arrivalsMs = submits.map(arrivedMs)
  const takenMs = submits.filter((submit) => !isThrottled(submit)).map(arrivedMs)
  return {
    ...options,
    submits: before.length,
    throttled,
    throttledPercent: (100 * throttled) / before.length,
    takenPercent: (100 * (before.length - throttled)) / (takenPerSecond * seconds),
    recoverySeconds: secondsUntilUsed(arrivalsMs, perSecond, RECOVERED, openMs),
    throttledAfterwards: submits.filter(isThrottled).length - throttled,
    perSecondArrivals: perSecondOf(arrivalsMs),
    perSecondTaken: perSecondOf(takenMs),
  }
}

function isThrottled({ result }: SubmissionEntry): boolean {
  return result === 'throttled'
}
