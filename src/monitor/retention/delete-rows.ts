import { firstSmsIdAt } from '../../domain/sms-id.ts'
import type { Connection } from '../../postgres/pool.ts'
import { type RetentionSettings, retentionMs, TABLE_RULES } from './table-rules.ts'

const BATCH_ROWS_MAX = 5_000
/** Of a table in one round; the rest the next time. */
const BATCHES_MAX = 20

/** Tables of which rows are deleted here. */
export const TABLES_OF_ROWS = Object.keys(TABLE_RULES).filter((table) => TABLE_RULES[table]!.kind === 'rows')

/**
 * Deletes rows beyond their retention from one of `TABLES_OF_ROWS`; a batch at least, so that a table with many
 * leaves time for the next ones. Returns how many.
 */
export async function deleteRows(
  connection: Connection,
  table: string,
  settings: RetentionSettings,
  nowMs: number,
  isOver: () => boolean,
): Promise<number> {
  const rule = TABLE_RULES[table]
  if (rule?.kind !== 'rows') throw new Error(`rows of ${table} are not deleted here`)
  const beforeMs = nowMs - retentionMs(settings, rule.setting)
  const statement = {
    name: `retention-delete-${table}`,
    text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
             WHERE ${rule.where} AND ($1::float8 IS NOT NULL AND $2::bigint IS NOT NULL) LIMIT ${BATCH_ROWS_MAX}))`,
    values: [beforeMs, firstSmsIdAt(beforeMs)],
  }
  let deleted = 0
  for (let batch = 0; batch === 0 || (batch < BATCHES_MAX && !isOver()); batch++) {
    const { rowCount } = await connection.query(statement)
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS_MAX) break
  }
  return deleted
}
