import type { QueryConfig } from 'pg'
import { numberArray } from '../../postgres/array-literal.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import type { Awaited } from './defer-rule.ts'

/** A task to defer. */
export interface DeferredTask {
  readonly smsId: number
  readonly shard: number
  readonly lane: string
  /** PostgreSQL's time. */
  readonly dueMs: number
  readonly awaited: Awaited | null
  /** Its record, as the outbox carries it. */
  readonly payload: string
}

const TASKS = new RowArrays<DeferredTask>({
  sms_id: ['bigint', ({ smsId }) => smsId],
  shard: ['smallint', ({ shard }) => shard],
  due_ms: ['double precision', ({ dueMs }) => dueMs],
  payload: ['text', ({ payload }) => payload],
  lane: ['text', ({ lane }) => lane],
  awaits: ['text', ({ awaited }) => awaited?.operator ?? null],
  revision: ['bigint', ({ awaited }) => awaited?.revision ?? null],
})

/**
 * Defers tasks, in this order. A task that is stored already keeps its place in its lane. Of a message that was
 * scheduled the row is taken over.
 */
export function deferTasks(tasks: readonly DeferredTask[]): QueryConfig {
  return {
    name: 'delay-defer',
    text: `INSERT INTO scheduled AS known (sms_id, kind, shard, due_at, payload, lane, awaits, awaits_revision, awaits_since)
           SELECT sms_id, 'task', shard, to_timestamp(due_ms / 1000.0), payload, lane, awaits, revision, now()
           FROM ${TASKS.fromInOrder('task')} ORDER BY place
           ON CONFLICT (sms_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at,
             payload = excluded.payload, lane = excluded.lane, released_at = NULL, outbox_seq = NULL,
             awaits = excluded.awaits, awaits_revision = excluded.awaits_revision, awaits_since = excluded.awaits_since,
             seq = CASE WHEN known.lane = excluded.lane THEN known.seq ELSE excluded.seq END`,
    values: TASKS.values(tasks),
  }
}

/** Whether any task is deferred, or on its way back. */
export function readAnyDeferred(): QueryConfig {
  return { name: 'delay-any', text: 'SELECT EXISTS (SELECT FROM scheduled WHERE lane IS NOT NULL) AS any' }
}

const LANES = new RowArrays<{ readonly smsId: number; readonly lane: string }>({
  sms_id: ['bigint', ({ smsId }) => smsId],
  lane: ['text', ({ lane }) => lane],
})

/** For each task: whether it was deferred itself, and the last one in its lane that it must not overtake. */
export function readPlaces(asked: readonly { smsId: number; lane: string }[]): QueryConfig {
  return {
    name: 'delay-places',
    text: `SELECT own.seq IS NOT NULL AS is_own, before.due_at, before.released_at, before.awaits, before.awaits_revision
           FROM ${LANES.fromInOrder('asked')}
           LEFT JOIN LATERAL (
             SELECT seq FROM scheduled WHERE scheduled.sms_id = asked.sms_id AND kind = 'task' OFFSET 0
           ) AS own ON true
           LEFT JOIN LATERAL (
             SELECT due_at, released_at, awaits, awaits_revision FROM scheduled
             WHERE scheduled.lane = asked.lane AND scheduled.sms_id <> asked.sms_id
               AND scheduled.seq < coalesce(own.seq, ${Number.MAX_SAFE_INTEGER})
             ORDER BY scheduled.lane DESC, scheduled.seq DESC LIMIT 1
           ) AS before ON true
           ORDER BY asked.place`,
    values: LANES.values(asked),
  }
}

/** Finished tasks release those behind them. */
export function forgetTasks(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'delay-forget',
    text: `DELETE FROM scheduled WHERE sms_id = ANY($1::bigint[]) AND kind = 'task'`,
    values: [numberArray(smsIds)],
  }
}

/**
 * The operators that tasks wait for, each with the oldest revision by which one does. An operator costs one look into
 * the index, however many wait for it.
 */
export function readAwaited(): QueryConfig {
  return {
    name: 'delay-awaited',
    text: `WITH RECURSIVE awaited AS (
             (SELECT awaits, awaits_revision FROM scheduled WHERE awaits_revision IS NOT NULL
              ORDER BY awaits, awaits_revision LIMIT 1)
             UNION ALL
             SELECT next.awaits, next.awaits_revision FROM awaited CROSS JOIN LATERAL (
               SELECT awaits, awaits_revision FROM scheduled
               WHERE scheduled.awaits > awaited.awaits AND awaits_revision IS NOT NULL
               ORDER BY awaits, awaits_revision LIMIT 1
             ) AS next
           )
           SELECT awaits AS operator, awaits_revision AS revision FROM awaited`,
  }
}

const RESUME_LOCKS = 7_306_007

/**
 * Makes tasks due that wait for an operator until so many unfinished ones are on their way, in the order in which they
 * were deferred last: what was resumed in vain, by a worker that does not reach the operator, is behind all others
 * then. Of several concurrent workers one succeeds. `before`: only those deferred under an older revision than that.
 */
export function resumeDeferred(operator: string, tasksMax: number, before: number | null): QueryConfig {
  return {
    name: 'delay-call-back',
    text: `WITH turn AS MATERIALIZED (
             SELECT pg_try_advisory_xact_lock(${RESUME_LOCKS}, hashtext($1)) AS is_ours
           ), room AS MATERIALIZED (
             SELECT CASE WHEN is_ours THEN greatest(0, $2 - (
               SELECT count(*) FROM scheduled WHERE awaits = $1 AND awaits_revision IS NULL
             )) ELSE 0 END AS tasks FROM turn
           ), chosen AS MATERIALIZED (
             SELECT sms_id FROM scheduled WHERE awaits = $1 AND awaits_revision IS NOT NULL
               AND awaits_revision < coalesce($3, ${Number.MAX_SAFE_INTEGER})
             ORDER BY awaits_revision, awaits_since, seq LIMIT (SELECT tasks FROM room) FOR UPDATE SKIP LOCKED
           )
           UPDATE scheduled SET due_at = now(), awaits_revision = NULL FROM chosen
           WHERE scheduled.sms_id = chosen.sms_id`,
    values: [operator, tasksMax, before],
  }
}
