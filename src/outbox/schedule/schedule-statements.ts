import type { QueryConfig } from 'pg'
import { numberArray } from '../../postgres/array-literal.ts'

/**
 * Moves what is due to the outbox, of each shard the earliest rows: a message's task is published from the message, a
 * deferred task as it is. One statement, so one transaction. Rows that another transaction has locked, as for a
 * cancellation, are left for the next time. Returns how many were moved, and for how long the earliest had been due.
 */
export function releaseDue(shards: readonly number[], rowsPerShardMax: number, lookAgainMs: number): QueryConfig {
  return {
    name: 'schedule-release',
    text: `
      WITH due AS MATERIALIZED (
        SELECT s.* FROM unnest($1::smallint[]) AS mine (shard)
        CROSS JOIN LATERAL (
          SELECT sms_id, kind, shard, payload, due_at, seq FROM scheduled
          WHERE scheduled.shard = mine.shard AND released_at IS NULL AND due_at <= now()
          ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS s
      ), moved AS (
        INSERT INTO outbox (shard, sms_id, payload, carries)
        SELECT shard, sms_id, payload, CASE kind WHEN 'message' THEN 'task' END FROM due ORDER BY due_at, seq
        RETURNING seq, sms_id
      ), released AS (
        UPDATE scheduled SET released_at = now(), outbox_seq = moved.seq, payload = NULL,
          awaits_revision = NULL, due_at = now() + $3 * interval '1 millisecond'
        FROM moved WHERE scheduled.sms_id = moved.sms_id
      )
      SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS late_seconds FROM due`,
    values: [numberArray(shards), rowsPerShardMax, lookAgainMs],
  }
}

/** In how many milliseconds the next row of these shards is due; null if none waits. */
export function readNextDue(shards: readonly number[]): QueryConfig {
  return {
    name: 'schedule-next',
    text: `SELECT (extract(epoch FROM min(next.due_at) - now()) * 1000)::float8 AS wait_ms
           FROM unnest($1::smallint[]) AS mine (shard)
           CROSS JOIN LATERAL (
             SELECT due_at FROM scheduled WHERE scheduled.shard = mine.shard AND released_at IS NULL
             ORDER BY due_at, seq LIMIT 1
           ) AS next`,
    values: [numberArray(shards)],
  }
}
