import type { QueryConfig } from 'pg'
import { numberArray, textArray } from '../postgres/array-literal.ts'

/** A record for the outbox. The shard is that of its customer, so that it keeps its place among the customer's messages. */
export interface OutboxEntry {
  readonly shard: number
  readonly smsId: number
  readonly payload: string
}

/** Puts records into the outbox, in this order. */
export function insertOutbox(entries: readonly OutboxEntry[]): QueryConfig {
  return {
    name: 'dlq-outbox',
    text: `INSERT INTO outbox (shard, sms_id, payload)
           SELECT shard, sms_id, payload FROM unnest($1::smallint[], $2::bigint[], $3::text[]) WITH ORDINALITY
             AS entry (shard, sms_id, payload, place) ORDER BY place`,
    values: [
      numberArray(entries.map(({ shard }) => shard)),
      numberArray(entries.map(({ smsId }) => smsId)),
      textArray(entries.map(({ payload }) => payload)),
    ],
  }
}
