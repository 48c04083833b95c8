const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Waits between attempts: the schedule that Standard Webhooks recommends, about three days in all. */
const WAITS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

const RETRY_AFTER_MS_MAX = 24 * HOUR

/**
 * When to try again after so many attempts: the schedule, up to a tenth later so that failures do not come back as
 * one, and not before the endpoint asked for. Null when it was the last.
 */
export function nextAttemptMs(
  attempts: number,
  retryAfterMs: number | null,
  nowMs: number,
  random = Math.random,
): number | null {
  const waitMs = WAITS_MS[attempts - 1]
  if (waitMs === undefined) return null
  const asked = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
  return nowMs + Math.max(waitMs * (1 + random() / 10), asked)
}

/** The wait that a Retry-After header asks for, in seconds or as a date; null if it has none that makes sense. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * SECOND
  const atMs = Date.parse(header)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}
