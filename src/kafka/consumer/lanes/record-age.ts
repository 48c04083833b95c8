/** No topic keeps unread records for longer: a timestamp from before was not the clock's. */
const AGE_MS_MAX = 400 * 86_400_000

/**
 * How old a record is by its timestamp, 0 if that is later than `nowMs`; null if the timestamp cannot be right: producers
 * may write any, and an age of decades would only raise alarms.
 */
export function recordAgeMs(timestampMs: number, nowMs: number): number | null {
  const ageMs = nowMs - timestampMs
  return ageMs > AGE_MS_MAX ? null : Math.max(0, ageMs)
}
