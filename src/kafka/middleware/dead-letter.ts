import { DONE, type Outcome, retryAt, type SettledOutcome } from '../consumer/outcome.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { RecordHandler, SettledHandler } from './middleware.ts'

const PUBLISH_BACKOFF_MS = 1_000

/** Publishes a record where people look; `stack` is where its handler threw, if it did. */
export type PublishDeadLetter = (
  record: ConsumedRecord,
  reason: string,
  error: string,
  stack?: string,
) => Promise<unknown>

/**
 * Carries out the outcome `dead-letter`: publishes the record where people look, and only then is it done. If that
 * fails the record stays, and its lane waits: rather late than lost.
 */
export function deadLetters(
  next: RecordHandler,
  publish: PublishDeadLetter,
  publishFailed: (error: unknown) => void = () => {},
): SettledHandler {
  const settle = (record: ConsumedRecord, outcome: Outcome): SettledOutcome | Promise<SettledOutcome> => {
    if (outcome.kind !== 'dead-letter') return outcome
    return publish(record, outcome.reason, outcome.error, outcome.stack).then(
      () => DONE,
      (error: unknown) => {
        publishFailed(error)
        return retryAt(Date.now() + PUBLISH_BACKOFF_MS)
      },
    )
  }
  return (record) => {
    const answer = next(record)
    return answer instanceof Promise ? answer.then((outcome) => settle(record, outcome)) : settle(record, answer)
  }
}
