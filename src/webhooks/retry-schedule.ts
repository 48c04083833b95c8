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
 * How long an event waits for its next attempt after so many: the schedule, up to a tenth longer so that failures do not
 * return as one, and at least as long as the endpoint asked for, up to a day. Null when it was the last attempt.
 */
export function nextWaitMs(attempts: number, retryAfterMs: number | null, random = Math.random): number | null {
  const waitMs = WAITS_MS[attempts - 1]
  if (waitMs === undefined) return null
  const askedMs = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
  return Math.round(Math.max(waitMs, askedMs) * (1 + random() / 10))
}

const PROBE_MS_FIRST = 2 * SECOND
const PROBE_MS_MAX = 10 * MINUTE

/**
 * How long an endpoint of which so many retries in a row have failed is left alone before one of its events probes it
 * again; what it asks for counts up to the longest of these waits.
 */
export function probeWaitMs(failures: number, retryAfterMs: number | null, random = Math.random): number {
  const waitMs = Math.min(PROBE_MS_MAX, PROBE_MS_FIRST * 2 ** Math.min(failures - 1, 20))
  return Math.round(Math.max(waitMs, Math.min(retryAfterMs ?? 0, PROBE_MS_MAX)) * (1 + random() / 10))
}

/**
 * The wait that a Retry-After header asks for, in seconds or as a date (RFC 9110, 10.2.3); null if it makes no sense. A
 * date is compared with the response's own `date`, since the receiver's clock need not agree with ours.
 */
export function retryAfterMs(header: string | undefined, date: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * SECOND
  const atMs = Date.parse(header)
  if (Number.isNaN(atMs)) return null
  const receiverMs = date === undefined ? Number.NaN : Date.parse(date)
  return Math.max(0, atMs - (Number.isNaN(receiverMs) ? nowMs : receiverMs))
}
