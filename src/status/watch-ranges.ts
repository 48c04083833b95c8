import { OpenRanges, type RangeRules } from '../domain/open-ranges.ts'
import { smsIdTimeMs } from '../domain/sms-id.ts'
import { readDatabaseMs } from '../postgres/clock-skew.ts'
import type { Connection } from '../postgres/pool.ts'
import { readRanges } from '../tables/range-progress.ts'
import { readFirstMessage } from './unanswered-statements.ts'

export const WATCH_PROGRESS_TABLE = 'receipt_watch_progress'

/**
 * The ranges of acceptance to go on with: those that the last process left, or at first, all from the oldest message. Ids
 * have PostgreSQL's time, and so have the ranges: by a clock that is ahead, messages would never be looked for.
 */
export async function readWatchRanges(connection: Connection, rules: RangeRules): Promise<OpenRanges> {
  const known = await readRanges(connection, WATCH_PROGRESS_TABLE, rules)
  if (known) return known
  const { rows } = await connection.query<{ sms_id: number | null }>(readFirstMessage())
  const smsId = rows[0]!.sms_id
  const firstMs = smsId === null ? (await readDatabaseMs(connection)) - rules.afterMs : smsIdTimeMs(smsId)
  return new OpenRanges(rules, firstMs, [])
}
