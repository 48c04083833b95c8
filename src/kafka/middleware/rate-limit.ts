import { shed } from '../consumer/outcome.ts'
import type { Middleware } from './middleware.ts'

export interface RateLimitOptions {
  readonly recordsPerSecond: number
  /** Records that may go at once after a quiet time. */
  readonly burstRecords: number
  readonly nowMs?: () => number
}

/**
 * Lets records through at a rate (a token bucket, kept as the time at which the bucket will be full again). What comes
 * too early is put off to its time, which is kept for it, and costs no attempt.
 */
export function rateLimit({ recordsPerSecond, burstRecords, nowMs = Date.now }: RateLimitOptions): Middleware {
  const spacingMs = 1_000 / recordsPerSecond
  const slackMs = spacingMs * (burstRecords - 1)
  let fullAtMs = 0
  return (next) => {
    const booked = new WeakMap<object, number>()
    return (record) => {
      const now = nowMs()
      let dueMs = booked.get(record)
      if (dueMs === undefined) {
        const from = Math.max(now, fullAtMs)
        fullAtMs = from + spacingMs
        dueMs = from - slackMs
      }
      if (dueMs <= now) {
        booked.delete(record)
        return next(record)
      }
      booked.set(record, dueMs)
      return shed(dueMs)
    }
  }
}
