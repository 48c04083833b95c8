import { daysToClose, overdueMs } from '../../monitor/retention/due-partitions.ts'
import type { RetentionSettings } from '../../monitor/retention/table-rules.ts'
import type { Partition } from '../../tables/drop-partition.ts'
import { DAY_MS } from '../../tables/partitioned-tables.ts'
import type { Finding } from './finding.ts'

/** What is read of the days that PostgreSQL keeps. */
export interface RetentionFacts {
  readonly partitions: readonly Partition[]
  /** Days with messages that are not final although their retention has ended. */
  readonly held: readonly { readonly day: string; readonly openMessages: number; readonly first: number }[]
  readonly nowMs: number
}

const OVERDUE_DAYS_MAX = 2

/** Judges whether PostgreSQL drops what it has kept for as long as the settings say. */
export function checkRetention({ partitions, held, nowMs }: RetentionFacts, settings: RetentionSettings): Finding[] {
  const of = 'retention'
  const findings = held.map(({ day, openMessages, first }): Finding => {
    const what = `${openMessages} messages of ${day} are not final although their retention has ended, the first is ${first}`
    return {
      of,
      level: 'warning',
      what,
      advice: 'Their day is kept until they are: docs/operations/SmsGwRetentionHeld.md',
    }
  })
  const late = partitions.filter((each) => overdueMs(each, settings, nowMs) > OVERDUE_DAYS_MAX * DAY_MS)
  for (const [table, some] of Map.groupBy(late, (partition) => partition.table)) {
    const days = Math.floor(overdueMs(some[0]!, settings, nowMs) / DAY_MS)
    const what = `${some.length} partitions of ${table} ought to be dropped, the oldest for ${days} days`
    findings.push({ of, level: 'warning', what, advice: 'See docs/operations/SmsGwRetentionOverdue.md' })
  }
  if (findings.length > 0) return findings
  const waiting = daysToClose(partitions, settings, nowMs).length
  const what = `nothing is kept beyond its retention${waiting > 0 ? `; ${waiting} days are about to be dropped` : ''}`
  return [{ of, level: 'ok', what, advice: '' }]
}
