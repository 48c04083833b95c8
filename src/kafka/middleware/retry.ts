import { deadLetter, retryAt } from '../consumer/outcome.ts'
import type { Middleware } from './middleware.ts'

export interface RetryOptions {
  readonly attemptsMax: number
  readonly backoffMsFirst: number
  readonly backoffMsMax: number
  /** Called with what was thrown, before it is tried again or given up. */
  readonly failed?: (error: unknown, failures: number) => void
}

/**
 * Turns what a handler throws into a later try, with a back-off that doubles and is spread by half, and after the
 * last attempt into a dead letter. What a handler returns is left as it is.
 */
export function retry(options: RetryOptions): Middleware {
  return (next) => async (record) => {
    try {
      return await next(record)
    } catch (error) {
      const failures = record.failures + 1
      options.failed?.(error, failures)
      if (failures >= options.attemptsMax) {
        return deadLetter('attempts-exhausted', error instanceof Error ? error.message : String(error))
      }
      const ceilingMs = Math.min(options.backoffMsMax, options.backoffMsFirst * 2 ** (failures - 1))
      return retryAt(Date.now() + ceilingMs * (0.5 + Math.random() / 2))
    }
  }
}
