import type { Queryable } from '../postgres/pool.ts'

/** Every endpoint that has undelivered events, by a look into an index for each. */
const WAITING = endpointsWith('exhausted_at IS NULL')
const EXHAUSTED = endpointsWith('exhausted_at IS NOT NULL')

/** Gives up events of enabled endpoints that are older than that, some of each endpoint. Returns how many. */
export async function exhaustOldEvents(database: Queryable, retryMs: number, perEndpoint: number): Promise<number> {
  const { rowCount } = await database.query(
    `WITH RECURSIVE ${WAITING}
     UPDATE webhook_retries AS retry SET exhausted_at = now()
     FROM waiting JOIN webhook_endpoints AS endpoint USING (endpoint_id)
     CROSS JOIN LATERAL (SELECT event_id FROM webhook_retries
                         WHERE endpoint_id = waiting.endpoint_id AND exhausted_at IS NULL
                           AND created_at < now() - $1 * interval '1 millisecond' LIMIT $2) AS old
     WHERE endpoint.disabled_at IS NULL
       AND retry.endpoint_id = waiting.endpoint_id AND retry.event_id = old.event_id`,
    [retryMs, perEndpoint],
  )
  return rowCount ?? 0
}

/** Drops events that are older than that, and all of deleted endpoints, some of each endpoint. Returns how many. */
export async function dropOldEvents(database: Queryable, keepMs: number, perEndpoint: number): Promise<number> {
  let dropped = 0
  for (const [endpoints, state] of [
    [WAITING, 'exhausted_at IS NULL'],
    [EXHAUSTED, 'exhausted_at IS NOT NULL'],
  ]) {
    const { rowCount } = await database.query(
      `WITH RECURSIVE ${endpoints}
       DELETE FROM webhook_retries AS retry
       USING waiting JOIN webhook_endpoints AS endpoint USING (endpoint_id)
       CROSS JOIN LATERAL (SELECT event_id FROM webhook_retries
                           WHERE endpoint_id = waiting.endpoint_id AND ${state}
                             AND (endpoint.deleted_at IS NOT NULL
                                  OR created_at < now() - $1 * interval '1 millisecond') LIMIT $2) AS old
       WHERE retry.endpoint_id = waiting.endpoint_id AND retry.event_id = old.event_id`,
      [keepMs, perEndpoint],
    )
    dropped += rowCount ?? 0
  }
  return dropped
}

/** An endpoint that has nothing to be retried is not failing any more: nothing would ever say otherwise. */
export async function forgetFailures(database: Queryable): Promise<void> {
  await database.query(
    `UPDATE webhook_endpoints AS endpoint SET failing_since = NULL, failures = 0, retry_at = NULL
     WHERE failing_since IS NOT NULL AND disabled_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM webhook_retries WHERE endpoint_id = endpoint.endpoint_id AND exhausted_at IS NULL)`,
  )
}

/** Marks endpoints of which that many events wait, and unmarks those that have fewer again. Returns those changed. */
export async function markFullBacklogs(
  database: Queryable,
  eventsMax: number,
): Promise<{ endpoint_id: string; backlog_full: boolean }[]> {
  const { rows } = await database.query<{ endpoint_id: string; backlog_full: boolean }>(
    `WITH RECURSIVE ${WAITING},
     overfull AS (
       SELECT waiting.endpoint_id FROM waiting
       CROSS JOIN LATERAL (SELECT 1 FROM webhook_retries
                           WHERE endpoint_id = waiting.endpoint_id AND exhausted_at IS NULL
                           ORDER BY created_at OFFSET $1 LIMIT 1) AS beyond
     )
     UPDATE webhook_endpoints AS endpoint SET backlog_full = NOT backlog_full
     WHERE backlog_full IS DISTINCT FROM (endpoint_id IN (SELECT endpoint_id FROM overfull))
     RETURNING endpoint_id, backlog_full`,
    [eventsMax - 1],
  )
  return rows
}

function endpointsWith(state: string): string {
  return `waiting (endpoint_id) AS (
     (SELECT endpoint_id FROM webhook_retries WHERE ${state} ORDER BY endpoint_id LIMIT 1)
     UNION ALL
     SELECT following.endpoint_id
     FROM waiting, LATERAL (SELECT endpoint_id FROM webhook_retries WHERE ${state} AND endpoint_id > waiting.endpoint_id
                            ORDER BY endpoint_id LIMIT 1) AS following
   )`
}
