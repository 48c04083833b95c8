import type { QueryConfig } from 'pg'
import type { Encoding } from '../domain/text/encodings.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import type { Queryable } from '../postgres/pool.ts'
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

/** A row whose message is to be published. */
export type MessageRow = OutboxRow & { readonly message: OutboxMessage }

/** A stored message, as both of its events are made from it. */
interface OutboxMessage {
  readonly customer_id: string
  readonly phone: string
  readonly text: string
  readonly sender: string | null
  readonly encoding: Encoding
  readonly flash: boolean
  readonly segments: number
  readonly operator: string
  readonly cost: number
  readonly priority: number
  readonly max_retries: number
  readonly valid_until: Date | null
  readonly client_ref: string | null
  readonly idempotency_key: string | null
  readonly ip: string | null
  readonly user_agent: string | null
  readonly traceparent: string | null
  readonly mcc_mnc: string | null
  readonly accepted_at: Date
  readonly send_at: Date | null
}

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
    message: row.payload === null && row.customer_id !== null ? { ...row, customer_id: row.customer_id } : null,
  }))
}

function claimStatement(places: readonly ClaimPlace[], rowsPerShardMax: number): QueryConfig {
  return {
    name: 'outbox-claim',
    text: `
      SELECT o.place, o.shard, o.seq, o.sms_id, o.payload, o.carries, m.customer_id, m.phone, m.text, m.sender, m.encoding,
        m.flash, m.segments, m.operator, m.cost, m.priority, m.max_retries, m.valid_until, m.client_ref, m.idempotency_key,
        m.ip, m.user_agent, m.traceparent, m.mcc_mnc, m.accepted_at, m.send_at
      FROM unnest($1::smallint[], $3::bigint[]) AS mine (shard, seq_after)
      CROSS JOIN LATERAL (
        SELECT ctid AS place, * FROM outbox WHERE outbox.shard = mine.shard AND outbox.seq > mine.seq_after
        ORDER BY outbox.seq LIMIT $2
      ) AS o
      LEFT JOIN LATERAL (SELECT * FROM messages WHERE o.payload IS NULL AND messages.sms_id = o.sms_id OFFSET 0) AS m
        ON true
      ORDER BY o.shard, o.seq`,
    values: [
      numberArray(places.map(({ shard }) => shard)),
      rowsPerShardMax,
      numberArray(places.map(({ seqAfter }) => seqAfter)),
    ],
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
