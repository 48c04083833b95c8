import { firstSmsIdAt } from '../domain/sms-id.ts'

export const DAY_MS = 86_400_000

export interface PartitionedTable {
  readonly name: string
  /** What the day's partitions go by: the ids of messages, which carry the time, or a column with a time. */
  readonly by: 'sms-id' | 'time'
  /** Storage parameters of each partition. */
  readonly storage: string
}

/**
 * A day's partition grows from nothing: PostgreSQL's own thresholds, which follow a table's size, would have it cleaned
 * and sampled again every few seconds of its first hour.
 */
const GROWING = `autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_insert_threshold = 1000000,
  autovacuum_analyze_threshold = 100000, autovacuum_analyze_scale_factor = 0.5`
const APPENDED = `WITH (${GROWING})`
/**
 * Rows of these are updated once or twice: room for the new versions keeps many updates within their page. What the others
 * leave behind is cleaned often enough to be used again by later rows of the day, which are as long.
 */
const UPDATED = `WITH (fillfactor = 90, ${GROWING}, autovacuum_vacuum_scale_factor = 0.05)`

export const PARTITIONED_TABLES = [
  { name: 'messages', by: 'sms-id', storage: APPENDED },
  { name: 'message_states', by: 'sms-id', storage: UPDATED },
  { name: 'attempts', by: 'sms-id', storage: UPDATED },
  { name: 'attempt_parts', by: 'sms-id', storage: UPDATED },
  { name: 'ledger', by: 'sms-id', storage: APPENDED },
  { name: 'idempotency', by: 'time', storage: APPENDED },
] as const satisfies readonly PartitionedTable[]

export type PartitionedTableName = (typeof PARTITIONED_TABLES)[number]['name']

/** What the partition of the day that starts then begins with, as SQL. */
export function partitionBoundary({ by }: Pick<PartitionedTable, 'by'>, dayStartMs: number): string {
  return by === 'sms-id' ? String(firstSmsIdAt(dayStartMs)) : `'${new Date(dayStartMs).toISOString()}'`
}

export function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}

export function partitionName(table: string, dayStartMs: number): string {
  return `${table}_${new Date(dayStartMs).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** The start of the day that a partition's name ends in; null where it ends in none. */
export function dayOfPartition(name: string): number | null {
  const [, year, month, day] = /_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? []
  const startMs = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(startMs) ? null : startMs
}
