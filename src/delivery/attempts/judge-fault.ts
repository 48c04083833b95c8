import { smsIdTimeMs } from '../../domain/sms-id.ts'
import { deadLetter, givenUp, type Outcome, pauseUntil, retryAt } from '../../kafka/consumer/outcome.ts'
import type { RecordState } from '../../kafka/consumer/record-state.ts'
import type { ConsumedRecord } from '../../kafka/wire/consumed-record.ts'
import { isDatabaseTrouble, isItemFault, isPartitionMissing } from '../../postgres/database-errors.ts'
import type { TaskReader } from '../read-tasks.ts'

const DATABASE_PAUSE_MS = 1_000
/** Messages as young as that have partitions in all tables, unless the gateway failed to make them. */
const RECENT_MS = 86_400_000
/** A task whose calls fail for no fault of its own is tried so often, after as long, before the brake decides. */
const FAULTS_MAX = 5
const FAULT_RETRY_MS = 1_000

/**
 * What a call for a task comes to that ended with an error; `faults` counts such calls, this one included. Trouble with
 * the database pauses the consumer. What the database refuses is a verdict on the task. Anything else is a slip of our
 * own: the brake of the consumer lets a few tasks go for such a reason, and then stops it. `smsId` is null for a record
 * that is no task.
 */
export function judgeFault(error: Error, smsId: number | null, faults: number, nowMs: number): Outcome {
  const isRecent = smsId !== null && Math.abs(smsIdTimeMs(smsId) - nowMs) < RECENT_MS
  const isOurs = isPartitionMissing(error) && isRecent
  if (isOurs || isDatabaseTrouble(error)) return pauseUntil(nowMs + DATABASE_PAUSE_MS)
  if (isItemFault(error)) return deadLetter('handler', error.message, error.stack)
  return faults < FAULTS_MAX ? retryAt(nowMs + FAULT_RETRY_MS) : givenUp('handler', error.message, error.stack)
}

/** Judges whatever is thrown behind it. */
export function judgeFaults<Result>(
  next: (record: ConsumedRecord, state: RecordState) => Promise<Result>,
  tasks: Pick<TaskReader, 'smsIdOf'>,
): (record: ConsumedRecord, state: RecordState) => Promise<Result | Outcome> {
  const faults = new WeakMap<RecordState, number>()
  return async (record, state) => {
    try {
      return await next(record, state)
    } catch (error) {
      const count = (faults.get(state) ?? 0) + 1
      faults.set(state, count)
      return judgeFault(error as Error, tasks.smsIdOf(record), count, Date.now())
    }
  }
}
