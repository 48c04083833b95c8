import type { QueryConfig } from 'pg'
import { RowArrays } from '../postgres/row-arrays.ts'

/** A record for the outbox. The shard is that of its customer, so that it keeps its place among the customer's messages. */
export interface OutboxEntry {
  readonly shard: number
  readonly smsId: number
  readonly payload: string
}

const ENTRIES = new RowArrays<OutboxEntry>({
  shard: ['smallint', ({ shard }) => shard],
  sms_id: ['bigint', ({ smsId }) => smsId],
  payload: ['text', ({ payload }) => payload],
})

/** Puts records into the outbox, in this order. */
export function insertOutbox(entries: readonly OutboxEntry[]): QueryConfig {
  return {
    name: 'dlq-outbox',
    text: `INSERT INTO outbox (shard, sms_id, payload)
           SELECT shard, sms_id, payload FROM ${ENTRIES.fromInOrder('entry')} ORDER BY place`,
    values: ENTRIES.values(entries),
  }
}
