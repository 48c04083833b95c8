import type { Partition } from '../../postgres/drop-partition.ts'
import { DAY_MS, PARTITIONED_TABLES } from '../../postgres/partitioned-tables.ts'
import { type RetentionSettings, retentionMs, TABLE_RULES } from './table-rules.ts'

/** Tables whose days are those of messages: they are dropped when the day is closed. */
const OF_MESSAGES: ReadonlySet<string> = new Set(
  PARTITIONED_TABLES.filter(({ by }) => by === 'sms-id').map(({ name }) => name),
)

/** How long ago, in milliseconds, the retention of a partition has ended: that of its last row. Negative before. */
export function overdueMs({ table, dayStartMs }: Partition, settings: RetentionSettings, nowMs: number): number {
  const rule = TABLE_RULES[table]
  if (rule?.kind !== 'days') return Number.NEGATIVE_INFINITY
  return nowMs - dayStartMs - DAY_MS - retentionMs(settings, rule.setting)
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
 * What is to be dropped now, oldest first: partitions whose retention has ended; of those that go by messages only of
 * days that are closed, and of the ledger only when messages and attempts of the day are gone, as settling writes there.
 */
export function duePartitions(
  partitions: readonly Partition[],
  settings: RetentionSettings,
  nowMs: number,
  closedDays: ReadonlySet<number>,
): readonly Partition[] {
  const days = Map.groupBy(partitions, ({ dayStartMs }) => dayStartMs)
  return partitions.filter((partition) => {
    const { table, dayStartMs } = partition
    if (overdueMs(partition, settings, nowMs) < 0) return false
    if (!OF_MESSAGES.has(table)) return true
    if (!closedDays.has(dayStartMs)) return false
    return (
      table !== 'ledger' || days.get(dayStartMs)!.every((other) => other === partition || !OF_MESSAGES.has(other.table))
    )
  })
}
