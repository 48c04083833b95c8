import type { Partition } from '../../tables/drop-partition.ts'
import { DAY_MS, PARTITIONED_TABLES } from '../../tables/partitioned-tables.ts'
import { type RetentionSettings, retentionMs, TABLE_RULES } from './table-rules.ts'

/** Tables whose days are those of messages: they are dropped when the day is closed. */
const OF_MESSAGES: ReadonlySet<string> = new Set(
  PARTITIONED_TABLES.filter(({ by }) => by === 'sms-id').map(({ name }) => name),
)

/**
 * Tables that wait until other tables have dropped the day. A message without its state would look as if nothing had become
 * of it: it would read `accepted`, and could be cancelled. Settling writes to the ledger.
 */
const WAITS_FOR: Readonly<Record<string, readonly string[]>> = {
  message_states: ['messages'],
  ledger: [...OF_MESSAGES].filter((table) => table !== 'ledger'),
}

/** How long ago, in milliseconds, the retention of a partition has ended: that of its last row. Negative before. */
export function overdueMs({ table, dayStartMs }: Partition, settings: RetentionSettings, nowMs: number): number {
  const rule = TABLE_RULES[table]
  if (rule?.kind !== 'days') return Number.NEGATIVE_INFINITY
  return nowMs - dayStartMs - DAY_MS - keptMs(table, rule.setting, settings)
}

/** The ledger is kept as long as messages and attempts at least: settling writes there. */
function keptMs(table: string, setting: keyof RetentionSettings, settings: RetentionSettings): number {
  const own = retentionMs(settings, setting)
  if (table !== 'ledger') return own
  const { RETENTION_MESSAGES_DAYS: messages, RETENTION_ATTEMPTS_DAYS: attempts } = settings
  return Math.max(own, Math.max(messages, attempts) * DAY_MS)
}

/** Days of messages of which a table's retention has ended, oldest first: they are to be closed. */
export function daysToClose(
  partitions: readonly Partition[],
  settings: RetentionSettings,
  nowMs: number,
): readonly number[] {
  const due = partitions.filter((each) => OF_MESSAGES.has(each.table) && overdueMs(each, settings, nowMs) >= 0)
  return [...new Set(due.map(({ dayStartMs }) => dayStartMs))].sort((a, b) => a - b)
}

/**
 * Days of messages of which a partition is detached. The keeper detaches those of closed days only; where a day is not closed,
 * a person took the partition out, or put a table there by its name, and what is in it cannot be judged here.
 */
export function daysDetached(partitions: readonly Partition[]): ReadonlySet<number> {
  const detached = partitions.filter(({ table, state }) => OF_MESSAGES.has(table) && state !== 'attached')
  return new Set(detached.map(({ dayStartMs }) => dayStartMs))
}

/**
 * What is to be dropped now, oldest first: partitions whose retention has ended. Those that go by messages are dropped only of
 * days that are closed, and none before those that it waits for are gone. A table whose detaching could not be finished lets
 * no other partition be detached, and is left out.
 */
export function duePartitions(
  partitions: readonly Partition[],
  settings: RetentionSettings,
  nowMs: number,
  closedDays: ReadonlySet<number>,
): readonly Partition[] {
  const stored = new Set(partitions.map(({ table, dayStartMs }) => `${table} ${dayStartMs}`))
  const stuck = new Set(partitions.filter(({ state }) => state === 'detaching').map(({ table }) => table))
  return partitions.filter((partition) => {
    const { table, dayStartMs } = partition
    if (stuck.has(table) || overdueMs(partition, settings, nowMs) < 0) return false
    if (!OF_MESSAGES.has(table)) return true
    return closedDays.has(dayStartMs) && !WAITS_FOR[table]?.some((other) => stored.has(`${other} ${dayStartMs}`))
  })
}
