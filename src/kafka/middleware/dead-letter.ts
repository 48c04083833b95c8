import { DONE, retryAt } from '../consumer/outcome.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { RecordHandler, SettledHandler } from './middleware.ts'

const PUBLISH_BACKOFF_MS = 1_000

/**
 * Carries out the outcome `dead-letter`: publishes the record where people look, and only then is it done. If that
 * fails the record stays, and its lane waits: rather late than lost.
 */
export function deadLetters(
  next: RecordHandler,
  publish: (record: ConsumedRecord, reason: string, error: string) => Promise<unknown>,
  publishFailed: (error: unknown) => void = () => {},
): SettledHandler {
  return async (record) => {
    const outcome = await next(record)
    if (outcome.kind !== 'dead-letter') return outcome
    try {
      await publish(record, outcome.reason, outcome.error)
      return DONE
    } catch (error) {
      publishFailed(error)
      return retryAt(Date.now() + PUBLISH_BACKOFF_MS)
    }
  }
}
