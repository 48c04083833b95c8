import { DONE, type Outcome, retryAt, type SettledOutcome, shed } from '../consumer/outcome.ts'
import type { RecordState } from '../consumer/record-state.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { DeadLetterBrake } from './dead-letter-brake.ts'
import type { RecordHandler, SettledHandler } from './middleware.ts'

const PUBLISH_BACKOFF_MS = 1_000

/** Why a record is a dead letter. */
export interface DeadLetterFailure {
  readonly reason: string
  readonly error: string
  /** Where its handler threw, if it did. */
  readonly stack?: string | undefined
  /** Calls of its handler. */
  readonly attempts: number
}

/** Publishes a record where people look. */
export type PublishDeadLetter = (record: ConsumedRecord, failure: DeadLetterFailure) => Promise<unknown>

export interface DeadLetterOptions {
  /** Keeps dead letters few that are no verdict on their record; without it all are published. */
  readonly brake?: DeadLetterBrake
  /** Called with what kept a record from being published; it is tried again. */
  readonly publishFailed?: PublishFailed
}

export type PublishFailed = (error: unknown, attempts: number) => void

/**
 * Carries out the outcome `dead-letter`: publishes the record where people look, and only then is it done. If that
 * fails the record stays, and its lane waits: rather late than lost. It stays as well, and so do all others, where the
 * brake finds that the handler is at fault and not the records.
 */
export function deadLetters(
  next: RecordHandler,
  publish: PublishDeadLetter,
  { brake, publishFailed }: DeadLetterOptions = {},
): SettledHandler {
  const settle = (
    record: ConsumedRecord,
    { failures }: RecordState,
    outcome: Outcome,
  ): SettledOutcome | Promise<SettledOutcome> => {
    if (outcome.kind === 'done') brake?.succeeded(1, performance.now())
    if (outcome.kind !== 'dead-letter') return outcome
    if (brake && !outcome.isVerdict && !brake.allows(outcome.error, performance.now())) {
      return shed(Date.now() + PUBLISH_BACKOFF_MS)
    }
    return publishOrKeep(publish, record, { ...outcome, attempts: failures + 1 }, publishFailed)
  }
  return (record, state) => {
    const nowMs = performance.now()
    const verdict = brake?.admit(nowMs)
    if (verdict?.kind === 'wait') {
      // Spread, so that it is not always the same record that is tried first.
      return shed(Date.now() + verdict.untilMs - nowMs + Math.random() * PUBLISH_BACKOFF_MS)
    }
    const answer = next(record, state)
    return answer instanceof Promise
      ? answer.then((outcome) => settle(record, state, outcome))
      : settle(record, state, answer)
  }
}

/** Publishes a dead letter, and then its record is done. Where that fails the record is to be tried again in a second. */
export function publishOrKeep(
  publish: PublishDeadLetter,
  record: ConsumedRecord,
  failure: DeadLetterFailure,
  failed?: PublishFailed,
): Promise<SettledOutcome> {
  return publish(record, failure).then(
    () => DONE,
    (error: unknown) => {
      failed?.(error, failure.attempts)
      return retryAt(Date.now() + PUBLISH_BACKOFF_MS)
    },
  )
}
