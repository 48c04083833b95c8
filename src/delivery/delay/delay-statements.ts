import type { QueryConfig } from 'pg'
import { numberArray, textArray } from '../../postgres/array-literal.ts'

/** A task that is put aside. */
export interface DeferredTask {
  readonly smsId: number
  readonly shard: number
  readonly lane: string | null
  readonly dueMs: number
  /** Its record, as the outbox carries it. */
  readonly payload: string
}

/**
 * Puts tasks aside, in this order. A task that is there already keeps its place in its lane. Of a message that was
 * scheduled the row is taken over.
 */
export function deferTasks(tasks: readonly DeferredTask[]): QueryConfig {
  return {
    name: 'delay-defer',
    text: `INSERT INTO scheduled AS known (sms_id, kind, shard, due_at, payload, lane)
           SELECT sms_id, 'task', shard, to_timestamp(due_ms / 1000.0), payload, lane
           FROM unnest($1::bigint[], $2::smallint[], $3::double precision[], $4::text[], $5::text[]) WITH ORDINALITY
             AS task (sms_id, shard, due_ms, payload, lane, place) ORDER BY place
           ON CONFLICT (sms_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at,
             payload = excluded.payload, lane = excluded.lane, released_at = NULL, outbox_seq = NULL,
             seq = CASE WHEN known.lane = excluded.lane THEN known.seq ELSE excluded.seq END`,
    values: [
      numberArray(tasks.map(({ smsId }) => smsId)),
      numberArray(tasks.map(({ shard }) => shard)),
      numberArray(tasks.map(({ dueMs }) => dueMs)),
      textArray(tasks.map(({ payload }) => payload)),
      textArray(tasks.map(({ lane }) => lane)),
    ],
  }
}

/** Whether any task is put aside, or on its way back. */
export function readAnyDeferred(): QueryConfig {
  return { name: 'delay-any', text: 'SELECT EXISTS (SELECT FROM scheduled WHERE lane IS NOT NULL) AS any' }
}

/** For each task: whether it was put aside itself, and the last one in its lane that it must not overtake. */
export function readPlaces(asked: readonly { smsId: number; lane: string }[]): QueryConfig {
  return {
    name: 'delay-places',
    text: `SELECT own.seq IS NOT NULL AS is_own, before.due_at, before.released_at
           FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (sms_id, lane, place)
           LEFT JOIN LATERAL (
             SELECT seq FROM scheduled WHERE scheduled.sms_id = asked.sms_id AND kind = 'task' OFFSET 0
           ) AS own ON true
           LEFT JOIN LATERAL (
             SELECT due_at, released_at FROM scheduled
             WHERE scheduled.lane = asked.lane AND scheduled.sms_id <> asked.sms_id
               AND scheduled.seq < coalesce(own.seq, ${Number.MAX_SAFE_INTEGER})
             ORDER BY scheduled.lane DESC, scheduled.seq DESC LIMIT 1
           ) AS before ON true
           ORDER BY asked.place`,
    values: [numberArray(asked.map(({ smsId }) => smsId)), textArray(asked.map(({ lane }) => lane))],
  }
}

/** Tasks that are over let those behind them go on. */
export function forgetTasks(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'delay-forget',
    text: `DELETE FROM scheduled WHERE sms_id = ANY($1::bigint[]) AND kind = 'task'`,
    values: [numberArray(smsIds)],
  }
}
