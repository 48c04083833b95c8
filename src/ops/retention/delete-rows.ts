import { firstSmsIdAt } from '../../domain/sms-id.ts'
import type { Connection } from '../../postgres/pool.ts'
import { type RetentionSettings, retentionMs, TABLE_RULES } from './table-rules.ts'

const BATCH_ROWS_MAX = 5_000
/** Of a table in one round; the rest the next time. */
const BATCHES_MAX = 20

/** Deletes rows whose time is over from the tables without partitions. Returns how many, by table. */
export async function deleteRows(
  connection: Connection,
  settings: RetentionSettings,
  nowMs: number,
  isOver: () => boolean,
): Promise<ReadonlyMap<string, number>> {
  const deleted = new Map<string, number>()
  for (const [table, rule] of Object.entries(TABLE_RULES)) {
    if (rule.kind !== 'rows') continue
    const beforeMs = nowMs - retentionMs(settings, rule.setting)
    const statement = {
      name: `retention-delete-${table}`,
      text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
               WHERE ${rule.where} AND ($1::float8 IS NOT NULL AND $2::bigint IS NOT NULL) LIMIT ${BATCH_ROWS_MAX}))`,
      values: [beforeMs, firstSmsIdAt(beforeMs)],
    }
    let rows = BATCH_ROWS_MAX
    for (let batch = 0; rows === BATCH_ROWS_MAX && batch < BATCHES_MAX && !isOver(); batch++) {
      rows = (await connection.query(statement)).rowCount ?? 0
      deleted.set(table, (deleted.get(table) ?? 0) + rows)
    }
  }
  return deleted
}
