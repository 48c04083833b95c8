import { deadLetter, givenUp, type Outcome, retryAt } from '../consumer/outcome.ts'
import type { RecordState } from '../consumer/record-state.ts'
import type { Middleware } from './middleware.ts'

interface RetryRules {
  readonly attemptsMax: number
  /** Called with what was thrown, before it is tried again or given up. */
  readonly failed?: (error: unknown, failures: number) => void
  /** Whether what was thrown is a verdict on the record. Without it nothing is: the handler may be at fault. */
  readonly isRecordFault?: (error: unknown) => boolean
}

/** Waits that double up to a ceiling. */
interface Doubling {
  readonly backoffMsFirst: number
  readonly backoffMsMax: number
}

/** A wait for each retry; the last one serves all that follow. */
interface Tiers {
  readonly tiersMs: readonly number[]
}

export type RetryOptions = RetryRules & (Doubling | Tiers)

/**
 * Turns what a handler throws into a later try, after a wait that is spread by half, and after the last attempt into a
 * dead letter with what was thrown. What a handler returns is left as it is.
 *
 * The record waits in its place, and those of its lane behind it, so that its key keeps its order, which topics for
 * retries (`t-retry-1000`, …) give up.
 */
export function retry(options: RetryOptions): Middleware {
  return (next) => (record, state) => {
    try {
      const answer = next(record, state)
      return answer instanceof Promise ? answer.catch((error: unknown) => afterFailure(options, state, error)) : answer
    } catch (error) {
      return afterFailure(options, state, error)
    }
  }
}

function afterFailure(options: RetryOptions, state: RecordState, error: unknown): Outcome {
  const failures = state.failures + 1
  options.failed?.(error, failures)
  if (failures >= options.attemptsMax) {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined }
    const conclude = options.isRecordFault?.(error) ? deadLetter : givenUp
    return conclude('attempts-exhausted', message, stack)
  }
  return retryAt(Date.now() + waitMs(options, failures) * (0.5 + Math.random() / 2))
}

function waitMs(options: RetryOptions, failures: number): number {
  if ('tiersMs' in options) return options.tiersMs[Math.min(failures, options.tiersMs.length) - 1] ?? 0
  return Math.min(options.backoffMsMax, options.backoffMsFirst * 2 ** (failures - 1))
}
