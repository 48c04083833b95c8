import type { Metrics } from '../../runtime/metrics.ts'
import type { Partition } from '../../tables/drop-partition.ts'
import { overdueMs } from './due-partitions.ts'
import type { RetentionSettings } from './table-rules.ts'

/** What the process that drops publishes; the others publish nothing. */
export class RetentionMetrics {
  readonly #oldest
  readonly #overdue
  readonly #open
  readonly #dropped
  readonly #deleted

  constructor(metrics: Metrics) {
    const { gaugeSet, counter } = { gaugeSet: metrics.gaugeSet.bind(metrics), counter: metrics.counter.bind(metrics) }
    this.#oldest = gaugeSet('smsgw_retention_oldest_seconds', 'Age of the oldest daily partition of a table', ['table'])
    this.#overdue = gaugeSet(
      'smsgw_retention_overdue_seconds',
      'For how long the oldest daily partition of a table has been kept beyond its retention',
      ['table'],
    )
    this.#open = gaugeSet(
      'smsgw_retention_open_messages',
      'Messages that are not final although their retention has ended; of one day 1,000 at most',
      [],
    )
    this.#dropped = counter('smsgw_retention_dropped_partitions_total', 'Daily partitions dropped', ['table'])
    this.#deleted = counter('smsgw_retention_deleted_rows_total', 'Rows deleted as their retention had ended', [
      'table',
    ])
  }

  measure(partitions: readonly Partition[], settings: RetentionSettings, nowMs: number, openMessages: number): void {
    this.clear()
    this.#open.set({}, openMessages)
    for (const [table, [oldest]] of Map.groupBy(partitions, (partition) => partition.table)) {
      this.#oldest.set({ table }, (nowMs - oldest!.dayStartMs) / 1_000)
      this.#overdue.set({ table }, Math.max(0, overdueMs(oldest!, settings, nowMs)) / 1_000)
    }
  }

  clear(): void {
    for (const gauge of [this.#oldest, this.#overdue, this.#open]) gauge.reset()
    this.#open.remove({})
  }

  dropped(table: string): void {
    this.#dropped.inc({ table })
  }

  deleted(table: string, rows: number): void {
    this.#deleted.inc({ table }, rows)
  }
}
