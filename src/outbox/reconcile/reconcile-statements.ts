import type { QueryConfig } from 'pg'
import { OUTBOX_SHARDS } from '../../domain/outbox-shard.ts'
import { firstSmsIdAt } from '../../domain/sms-id.ts'
import { STATES, STATUSES } from '../../domain/status.ts'
import { numberArray } from '../../postgres/array-literal.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import { textList } from '../../postgres/text-list.ts'

/** A worker holds a message in these states and publishes the next one soon; before its first there is no state at all. */
const WITH_WORKER = textList(STATUSES.filter((status) => STATES[status].heldBy === 'worker'))

/** The oldest row of each shard that has one, and the database's time. */
export function readHeads(): QueryConfig {
  return {
    name: 'reconcile-heads-2',
    text: `SELECT clock_timestamp() AS read_at, shards.shard, head.seq, head.sms_id, m.accepted_at
           FROM generate_series(0, ${OUTBOX_SHARDS - 1}) AS shards (shard)
           LEFT JOIN LATERAL (
             SELECT seq, sms_id FROM outbox WHERE outbox.shard = shards.shard ORDER BY seq LIMIT 1
           ) AS head ON true
           LEFT JOIN LATERAL (SELECT accepted_at FROM messages WHERE messages.sms_id = head.sms_id OFFSET 0) AS m ON true`,
  }
}

export interface SilentRow {
  readonly sms_id: number
  /** By the database's clock (`api/id-slot-lease.ts`); null where the message is not stored any more. */
  readonly accepted_at: Date | null
  readonly customer_id: string
  readonly operator: string
  readonly priority: number
  readonly moved_at: Date | null
  readonly times: number | null
  readonly outbox_seq: number | null
  readonly republished_at: Date | null
  readonly given_up_at: Date | null
}

/**
 * Messages after `smsIdAfter` and before `smsIdEnd` that have no state, or one that they ought not to stay in, but for
 * those that wait for their time or are watched since it came (`readReleased`). States are looked up one by one, within
 * the same range, so that only their day's partition is; `OFFSET 0` has what is scheduled looked up last.
 */
export function readSilent(smsIdAfter: number, smsIdEnd: number, rowsMax: number): QueryConfig {
  return {
    name: 'reconcile-silent-2',
    text: `SELECT m.sms_id, m.customer_id, m.operator, m.priority, s.updated_at AS moved_at, r.times, r.outbox_seq,
             r.republished_at, r.given_up_at, m.accepted_at
           FROM messages AS m
           LEFT JOIN LATERAL (SELECT status, updated_at FROM message_states WHERE message_states.sms_id = m.sms_id
             AND message_states.sms_id > $1 AND message_states.sms_id < $2 OFFSET 0) AS s ON true
           LEFT JOIN LATERAL (SELECT * FROM republications WHERE republications.sms_id = m.sms_id OFFSET 0) AS r ON true
           WHERE m.sms_id > $1 AND m.sms_id < $2 AND (s.status IS NULL OR s.status IN ${WITH_WORKER})
             AND NOT EXISTS (SELECT FROM scheduled WHERE scheduled.sms_id = m.sms_id OFFSET 0)
           ORDER BY m.sms_id LIMIT $3`,
    values: [smsIdAfter, smsIdEnd, rowsMax],
  }
}

export interface ReleasedRow extends SilentRow {
  readonly release_seq: number
  readonly released_at: Date
  readonly has_got_on: boolean
}

/** What was scheduled and released, and is to be looked at now: whether its message has got on, and what is known. */
export function readReleased(rowsMax: number): QueryConfig {
  return {
    name: 'reconcile-released-2',
    text: `SELECT w.sms_id, w.outbox_seq AS release_seq, w.released_at, m.customer_id, m.operator,
             m.priority, s.updated_at AS moved_at, r.times, r.outbox_seq, r.republished_at, r.given_up_at,
             m.accepted_at, m.customer_id IS NULL OR coalesce(s.status NOT IN ${WITH_WORKER}, false) AS has_got_on
           FROM (SELECT * FROM scheduled WHERE released_at IS NOT NULL AND due_at <= now()
             ORDER BY due_at LIMIT $1) AS w
           LEFT JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = w.sms_id OFFSET 0) AS m ON true
           LEFT JOIN LATERAL (SELECT status, updated_at FROM message_states WHERE message_states.sms_id = w.sms_id
             OFFSET 0) AS s ON true
           LEFT JOIN LATERAL (SELECT * FROM republications WHERE republications.sms_id = w.sms_id OFFSET 0) AS r ON true
           ORDER BY w.due_at`,
    values: [rowsMax],
  }
}

/** These need no further watching. One that a worker has deferred again meanwhile stays. */
export function endWatch(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'reconcile-end-watch',
    text: 'DELETE FROM scheduled WHERE sms_id = ANY($1::bigint[]) AND released_at IS NOT NULL',
    values: [numberArray(smsIds)],
  }
}

/** To be looked at again, ever more rarely, the longer ago they were released. */
export function watchOn(smsIds: readonly number[], afterMs: number): QueryConfig {
  return {
    name: 'reconcile-watch-on',
    text: `UPDATE scheduled SET due_at = now() + least(interval '6 hours',
             greatest($2 * interval '1 millisecond', (now() - released_at) / 4))
           WHERE sms_id = ANY($1::bigint[]) AND released_at IS NOT NULL`,
    values: [numberArray(smsIds), afterMs],
  }
}

const MESSAGES = new RowArrays<{ readonly smsId: number; readonly shard: number }>({
  shard: ['smallint', ({ shard }) => shard],
  sms_id: ['bigint', ({ smsId }) => smsId],
})

/** Puts messages into the outbox again, in the order given, and remembers it. */
export function republish(messages: readonly { smsId: number; shard: number }[]): QueryConfig {
  return {
    name: 'reconcile-republish',
    text: `WITH again AS (
             INSERT INTO outbox (shard, sms_id)
             SELECT shard, sms_id FROM ${MESSAGES.fromInOrder('message')} ORDER BY place RETURNING seq, sms_id
           )
           INSERT INTO republications AS known (sms_id, times, outbox_seq, republished_at)
           SELECT sms_id, 1, seq, clock_timestamp() FROM again
           ON CONFLICT (sms_id) DO UPDATE SET times = known.times + 1, outbox_seq = excluded.outbox_seq,
             republished_at = excluded.republished_at`,
    values: MESSAGES.values(messages),
  }
}

export function giveUp(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'reconcile-give-up',
    text: `INSERT INTO republications (sms_id, times, outbox_seq, republished_at, given_up_at)
           SELECT sms_id, 0, 0, now(), now() FROM unnest($1::bigint[]) AS message (sms_id)
           ON CONFLICT (sms_id) DO UPDATE SET given_up_at = excluded.given_up_at`,
    values: [numberArray(smsIds)],
  }
}

export function readOldestMessage(sinceMs: number): QueryConfig {
  return {
    name: 'reconcile-oldest-message',
    text: 'SELECT sms_id FROM messages WHERE sms_id >= $1 ORDER BY sms_id LIMIT 1',
    values: [firstSmsIdAt(sinceMs)],
  }
}

export function forgetRepublications(beforeMs: number): QueryConfig {
  return {
    name: 'reconcile-forget',
    text: 'DELETE FROM republications WHERE sms_id < $1',
    values: [firstSmsIdAt(beforeMs)],
  }
}
