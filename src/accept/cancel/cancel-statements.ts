import type { QueryConfig } from 'pg'
import { subjectColumns } from '../../events/status-subject.ts'

/** A message of the customer's own. */
export function readMessage(smsId: number, customerId: string): QueryConfig {
  return {
    name: 'cancel-read-message-2',
    text: `SELECT ${subjectColumns('messages')}, operator, max_retries, valid_until,
             floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms
           FROM messages WHERE sms_id = $1 AND customer_id = $2`,
    values: [smsId, customerId],
  }
}

/** Its state, held until the transaction ends, so that no redrive opens it meanwhile. */
export function lockState(smsId: number): QueryConfig {
  return {
    name: 'cancel-lock-state',
    text: 'SELECT status, attempts_before FROM message_states WHERE sms_id = $1 FOR UPDATE',
    values: [smsId],
  }
}

export function readAttempts(smsId: number): QueryConfig {
  return {
    name: 'cancel-read-attempts-2',
    text: 'SELECT attempt, operator, outcome FROM attempts WHERE sms_id = $1 ORDER BY attempt',
    values: [smsId],
  }
}

/** Takes the attempt that would be next. Returns nothing if a worker has begun it meanwhile. */
export function takeAttempt(smsId: number, attempt: number, operator: string): QueryConfig {
  return {
    name: 'cancel-take-attempt',
    text: `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome,
             ended_at)
           VALUES ($1, $2, $3, 'cancel', false, now(), now(), 'cancelled', now())
           ON CONFLICT DO NOTHING RETURNING attempt`,
    values: [smsId, attempt, operator],
  }
}

/**
 * Puts the cancellation into the outbox. A scheduled message is not released any more, but its row stays watched as if
 * it had been: should Kafka lose the event, the reconciler has a worker publish it again.
 */
export function publishCancelled(smsId: number, shard: number, payload: string): QueryConfig {
  return {
    name: 'cancel-publish',
    text: `WITH published AS (
             INSERT INTO outbox (shard, sms_id, payload) VALUES ($2, $1, $3) RETURNING seq
           )
           UPDATE scheduled SET released_at = now(), due_at = now() + interval '1 minute', outbox_seq = published.seq,
             payload = NULL, lane = NULL, awaits = NULL, awaits_revision = NULL
           FROM published WHERE scheduled.sms_id = $1`,
    values: [smsId, shard, payload],
  }
}
