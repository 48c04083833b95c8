/** How long ClickHouse keeps events: the TTL of its tables (migrations/clickhouse/0001_events.sql). */
export const KEPT_DAYS = 400
/** How far ahead of ClickHouse's clock an event's time may lie. */
export const KEPT_AHEAD_DAYS = 2

const DAY_MS = 86_400_000

/** Whether an event of that time is kept; one that is not has no place in ClickHouse's tables. */
export function isKeptTime(timeMs: number, nowMs: number): boolean {
  return timeMs >= nowMs - KEPT_DAYS * DAY_MS && timeMs <= nowMs + KEPT_AHEAD_DAYS * DAY_MS
}
