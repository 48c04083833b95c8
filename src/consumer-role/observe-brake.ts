import { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** A brake that releases within this time was needed for a few records alone. */
const NOT_READY_AFTER_MS = 5_000

/** The brake on a consumer's dead letters, logged and shown as `smsgw_consumer_braked`. */
export function observedBrake(log: Log, metrics: Metrics, group: string): DeadLetterBrake {
  const braked = metrics.gaugeSet(
    'smsgw_consumer_braked',
    'Whether a consumer has paused because records fail that are not at fault',
    ['group'],
  )
  braked.set({ group }, 0)
  return new DeadLetterBrake((isBraked, cause) => {
    braked.set({ group }, isBraked ? 1 : 0)
    if (isBraked) log.error({ group, cause }, 'too many records failed without being at fault; consumer paused')
    else log.info({ group, cause }, 'record handled; consumer resumed')
  })
}

/** A process whose consumer is paused by its brake is not ready. */
export function brakeCheck(brake: DeadLetterBrake): HealthCheck {
  return () => {
    const { braked } = brake
    const forMs = braked ? performance.now() - braked.sinceMs : 0
    if (forMs < NOT_READY_AFTER_MS) return
    throw new Error(
      `consumer paused for ${Math.round(forMs / 1_000)} s, as records fail for no fault of theirs: ${braked!.cause}`,
    )
  }
}
