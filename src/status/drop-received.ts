import type { QueryConfig } from 'pg'
import type { Connection } from '../postgres/pool.ts'
import type { Values } from '../runtime/settings.ts'
import type { statusSettings } from './config.ts'

/** What operators brought and is not kept for ever: those that are too old, and the oldest beyond a number. */
const TABLES = [
  { table: 'early_receipts', days: 'EARLY_RECEIPT_DAYS', rowsMax: 1_000_000 },
  { table: 'receipt_reviews', days: 'RECEIPT_REVIEW_DAYS', rowsMax: 100_000 },
  { table: 'incoming_messages', days: 'INCOMING_DAYS', rowsMax: 10_000_000 },
] as const

const BATCH_ROWS_MAX = 10_000
/** Of a table in one go, so that a backlog of rows holds up nothing else for long; the rest the next time. */
const BATCHES_MAX = 100

/**
 * Drops rows beyond their retention, in statements of a bounded number each. Returns whether nothing is left to drop.
 */
export async function dropReceived(
  connection: Connection,
  settings: Pick<Values<typeof statusSettings>, (typeof TABLES)[number]['days']>,
  isStopping: () => boolean,
): Promise<boolean> {
  let isDone = true
  for (const { table, days, rowsMax } of TABLES) {
    const { rows } = await connection.query<{ at: Date | null }>(readOldestKept(table, rowsMax))
    let dropped = BATCH_ROWS_MAX
    for (let batch = 0; dropped === BATCH_ROWS_MAX && batch < BATCHES_MAX && !isStopping(); batch++) {
      dropped = (await connection.query(dropBatch(table, settings[days], rows[0]?.at ?? null))).rowCount ?? 0
    }
    isDone &&= dropped < BATCH_ROWS_MAX
  }
  return isDone
}

/** When the last row beyond the number was received; none if there are fewer. */
function readOldestKept(table: string, rowsMax: number): QueryConfig {
  return {
    name: `${table}-oldest-kept`,
    text: `SELECT received_at AS at FROM ${table} ORDER BY received_at DESC OFFSET $1 LIMIT 1`,
    values: [rowsMax],
  }
}

function dropBatch(table: string, days: number, beyondAt: Date | null): QueryConfig {
  return {
    name: `${table}-drop`,
    text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
             WHERE received_at < greatest(now() - $1 * interval '1 day', $2::timestamptz)
             ORDER BY received_at LIMIT ${BATCH_ROWS_MAX}))`,
    values: [days, beyondAt],
  }
}
