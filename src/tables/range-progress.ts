import { OpenRanges, type RangeRules } from '../domain/open-ranges.ts'
import { numberArray } from '../postgres/array-literal.ts'
import type { Queryable } from '../postgres/pool.ts'

/** Tables of one row each, in which ranges that are looked through are kept over a restart. Milliseconds since the epoch. */
export type RangeTable = 'reconciler_progress' | 'receipt_watch_progress'

/** The ranges as they were left; null where there were none yet. */
export async function readRanges(
  database: Queryable,
  table: RangeTable,
  rules: RangeRules,
): Promise<OpenRanges | null> {
  const { rows } = await database.query<{ next_range_ms: number; open_ranges_ms: string[] }>({
    name: `read-${table}`,
    text: `SELECT next_range_ms, open_ranges_ms::text[] AS open_ranges_ms FROM ${table}`,
  })
  const [row] = rows
  return row ? new OpenRanges(rules, row.next_range_ms, row.open_ranges_ms.map(Number)) : null
}

export async function writeRanges(database: Queryable, table: RangeTable, ranges: OpenRanges): Promise<void> {
  const { nextMs, openMs } = ranges.progress
  await database.query({
    name: `write-${table}`,
    text: `INSERT INTO ${table} (next_range_ms, open_ranges_ms) VALUES ($1, $2)
           ON CONFLICT (is_only) DO UPDATE SET next_range_ms = excluded.next_range_ms,
             open_ranges_ms = excluded.open_ranges_ms`,
    values: [nextMs, numberArray(openMs)],
  })
}
