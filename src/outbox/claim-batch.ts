import type { QueryConfig } from 'pg'
import { ACCEPTED_FIELDS } from '../events/accepted.ts'
import type { ColumnOf } from '../events/carried-fields.ts'
import { TASK_FIELDS } from '../events/delivery.ts'
import type { StoredMessage } from '../events/message-fields.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import type { Queryable } from '../postgres/pool.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import type { ClaimPlace } from './claim-cursor.ts'

/**
 * A pending outbox row: a message, or a record as it is in `payload`, about a message that may be gone. A row
 * with neither cannot be published: its message was removed since.
 */
export interface OutboxRow {
  /** Where PostgreSQL keeps the row. */
  readonly place: string
  readonly shard: number
  readonly seq: number
  readonly sms_id: number
  readonly payload: string | null
  /** Which of the message's records to publish; null for both. */
  readonly carries: 'accepted' | 'task' | null
  readonly message: OutboxMessage | null
}

/** Where the request came from, and times of which more than one field is made. */
const NOT_CARRIED = ['ip', 'user_agent', 'traceparent', 'accepted_at'] as const

/** What both events of a message are made of. */
const COLUMNS = new Set<string>([...ACCEPTED_FIELDS.columns, ...TASK_FIELDS.columns, ...NOT_CARRIED])
// The outbox has it, also of a message that is gone.
COLUMNS.delete('sms_id')

/** A stored message, as both of its events are made from it. */
export type OutboxMessage = Pick<StoredMessage, ColumnOf<'accepted'> | ColumnOf<'task'> | (typeof NOT_CARRIED)[number]>

/** Without a message all its columns are null; the customer's is checked for all. */
type FlatRow = Omit<OutboxRow, 'message'> & Omit<OutboxMessage, 'customer_id'> & { readonly customer_id: string | null }

/**
 * The oldest rows of each shard behind its place (see `claim-cursor.ts`), in order. Nothing is marked: the shard is
 * ours alone, and rows go when they are published.
 * `OFFSET 0` has each message looked up by its key, whatever the planner believes about the tables' sizes.
 */
export async function claimBatch(
  database: Queryable,
  places: readonly ClaimPlace[],
  rowsPerShardMax: number,
): Promise<OutboxRow[]> {
  const { rows } = await database.query<FlatRow>(claimStatement(places, rowsPerShardMax))
  return rows.map((row) => ({
    place: row.place,
    shard: row.shard,
    seq: row.seq,
    sms_id: row.sms_id,
    payload: row.payload,
    carries: row.carries,
    message: row.payload === null && row.customer_id !== null ? (row as OutboxMessage) : null,
  }))
}

const PLACES = new RowArrays<ClaimPlace>({
  shard: ['smallint', ({ shard }) => shard],
  seq_after: ['bigint', ({ seqAfter }) => seqAfter],
})

const CLAIM = `
      SELECT o.place, o.shard, o.seq, o.sms_id, o.payload, o.carries, ${[...COLUMNS].map((column) => `m.${column}`).join(', ')}
      FROM ${PLACES.from('mine', 2)}
      CROSS JOIN LATERAL (
        SELECT ctid AS place, * FROM outbox WHERE outbox.shard = mine.shard AND outbox.seq > mine.seq_after
        ORDER BY outbox.seq LIMIT $1
      ) AS o
      LEFT JOIN LATERAL (SELECT * FROM messages WHERE o.payload IS NULL AND messages.sms_id = o.sms_id OFFSET 0) AS m
        ON true
      ORDER BY o.shard, o.seq`

function claimStatement(places: readonly ClaimPlace[], rowsPerShardMax: number): QueryConfig {
  return {
    name: 'outbox-claim-2',
    text: CLAIM,
    values: [rowsPerShardMax, ...PLACES.values(places)],
  }
}

/**
 * Removes rows that Kafka has acknowledged, by where they lie: nothing updates them, so they stay there. Should the
 * table be rewritten meanwhile (VACUUM FULL), what lies there now is only removed if it names a message published here.
 * A join on the key took seconds whenever the planner held the outbox for empty, as it mostly is.
 */
export async function removePublished(
  database: Queryable,
  rows: readonly Pick<OutboxRow, 'place' | 'sms_id'>[],
): Promise<void> {
  await database.query({
    name: 'outbox-remove',
    text: 'DELETE FROM outbox WHERE ctid = ANY($1::tid[]) AND sms_id = ANY($2::bigint[])',
    values: [textArray(rows.map(({ place }) => place)), numberArray(rows.map(({ sms_id }) => sms_id))],
  })
}
