import { smsIdTimeMs } from '../../domain/sms-id.ts'
import { deadLetter, givenUp, type Outcome, pauseUntil, retryAt } from '../../kafka/consumer/outcome.ts'
import { isDatabaseTrouble, isItemFault, isPartitionMissing } from '../../postgres/database-errors.ts'

const DATABASE_PAUSE_MS = 1_000
/** Messages as young as that have partitions in all tables, unless the gateway failed to make them. */
const RECENT_MS = 86_400_000
/** A task whose visits fail for no fault of its own is tried so often, after as long, before the brake decides. */
const FAULTS_MAX = 5
const FAULT_RETRY_MS = 1_000

/**
 * What a task's visit that ended with an error comes to; `faults` counts such visits, this one included. Trouble with
 * the database pauses the consumer. What the database refuses is a verdict on the task. Anything else is a slip of our
 * own: the brake of the consumer lets a few tasks go for such a reason, and then stops it.
 */
export function judgeFault(error: Error, smsId: number, faults: number, nowMs: number): Outcome {
  const isOurs = isPartitionMissing(error) && Math.abs(smsIdTimeMs(smsId) - nowMs) < RECENT_MS
  if (isOurs || isDatabaseTrouble(error)) return pauseUntil(nowMs + DATABASE_PAUSE_MS)
  if (isItemFault(error)) return deadLetter('handler', error.message, error.stack)
  return faults < FAULTS_MAX ? retryAt(nowMs + FAULT_RETRY_MS) : givenUp('handler', error.message, error.stack)
}
