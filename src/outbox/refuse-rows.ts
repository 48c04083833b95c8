import type { QueryConfig } from 'pg'
import { cleanText } from '../domain/text/clean-text.ts'
import { EventFormError } from '../events/event-codec.ts'
import { KafkaError } from '../kafka/errors.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import type { OutboxRow } from './claim-batch.ts'

const CAUSE_CHARS_MAX = 500

/** A row that can never be published as it is, and why. */
export interface FaultyRow {
  readonly row: OutboxRow
  readonly cause: string
}

const FAULTY = new RowArrays<FaultyRow>({
  place: ['tid', ({ row }) => row.place],
  sms_id: ['bigint', ({ row }) => row.sms_id],
  cause: ['text', ({ cause }) => cleanText(cause, CAUSE_CHARS_MAX)],
})

/** The message of an outbox row is gone. */
export class MissingMessageError extends Error {
  override readonly name = 'MissingMessageError'
}

/** Whether a row could not be published for what it is, and not for what Kafka or the network is. */
export function isRowFault(error: unknown): boolean {
  if (error instanceof EventFormError || error instanceof MissingMessageError) return true
  return error instanceof KafkaError && error.isRecordFault
}

/**
 * Moves rows from the outbox into `outbox_refused`, where an operator of the gateway finds them and may put them back
 * (docs/operations/SmsGwOutboxRefused.md). Their messages stay as they are.
 */
export function refuseRows(faulty: readonly FaultyRow[]): QueryConfig {
  return {
    name: 'outbox-refuse-rows',
    text: `WITH gone AS (
             DELETE FROM outbox USING ${FAULTY.from('faulty')}
             WHERE outbox.ctid = faulty.place AND outbox.sms_id = faulty.sms_id
             RETURNING outbox.shard, outbox.sms_id, outbox.payload, outbox.carries, faulty.cause
           )
           INSERT INTO outbox_refused (shard, sms_id, payload, carries, cause)
           SELECT shard, sms_id, payload, carries, cause FROM gone`,
    values: FAULTY.values(faulty),
  }
}

/** Removes rows of `outbox_refused` beyond their retention. */
export function forgetRefused(days: number): QueryConfig {
  return {
    name: 'outbox-forget-refused',
    text: "DELETE FROM outbox_refused WHERE refused_at < now() - $1 * interval '1 day'",
    values: [days],
  }
}

export function countRefused(): QueryConfig {
  return { name: 'outbox-count-refused', text: 'SELECT count(*) AS rows FROM outbox_refused' }
}
