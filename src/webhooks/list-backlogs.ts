import type { Queryable } from '../postgres/pool.ts'
import { countRetries } from './store-retries.ts'

/** Undelivered events of one endpoint. */
export interface Backlog {
  readonly endpoint_id: string
  /** Waiting for an attempt, and exhausted; counted up to `COUNT_MAX`. */
  readonly waiting: number
  readonly exhausted: number
  readonly oldest_at: Date
  /** Of the waiting ones; null if there is none. */
  readonly next_at: Date | null
  /** Of the event that was stored last, of the waiting ones if there are any. */
  readonly last_error: string
}

export const COUNT_MAX = 100_000

/** Backlogs by endpoint, of the endpoints that have one among those given. */
export async function listBacklogs(database: Queryable, endpointIds: readonly string[]): Promise<Map<string, Backlog>> {
  const { rows } = await database.query<Backlog>(
    `SELECT endpoint_id, waiting.events AS waiting, exhausted.events AS exhausted,
       least(waiting.oldest_at, exhausted.oldest_at) AS oldest_at, waiting.next_at, newest.last_error
     FROM unnest($1::text[]) AS endpoint (endpoint_id)
     CROSS JOIN LATERAL (
       SELECT count(*) AS events, min(created_at) AS oldest_at, min(next_at) AS next_at
       FROM (SELECT created_at, next_at FROM webhook_retries
             WHERE endpoint_id = endpoint.endpoint_id AND exhausted_at IS NULL ORDER BY created_at LIMIT $2) AS sample
     ) AS waiting
     CROSS JOIN LATERAL (
       SELECT count(*) AS events, min(created_at) AS oldest_at
       FROM (SELECT created_at FROM webhook_retries
             WHERE endpoint_id = endpoint.endpoint_id AND exhausted_at IS NOT NULL ORDER BY created_at LIMIT $2) AS sample
     ) AS exhausted
     CROSS JOIN LATERAL (
       (SELECT last_error, 0 AS place FROM webhook_retries
        WHERE endpoint_id = endpoint.endpoint_id AND exhausted_at IS NULL ORDER BY created_at DESC LIMIT 1)
       UNION ALL
       (SELECT last_error, 1 AS place FROM webhook_retries
        WHERE endpoint_id = endpoint.endpoint_id AND exhausted_at IS NOT NULL ORDER BY created_at DESC LIMIT 1)
       ORDER BY place LIMIT 1
     ) AS newest`,
    [endpointIds, COUNT_MAX],
  )
  return new Map(rows.map((row) => [row.endpoint_id, row]))
}

export interface ErrorCount {
  readonly last_error: string
  readonly events: number
  readonly attempts_max: number
}

/** What the events of an endpoint failed of last, the most frequent first; of the first 100,000 events. */
export async function countErrors(database: Queryable, endpointId: string, most: number): Promise<ErrorCount[]> {
  const { rows } = await database.query<ErrorCount>(
    `SELECT last_error, count(*) AS events, max(attempts)::integer AS attempts_max
     FROM (SELECT last_error, attempts FROM webhook_retries WHERE endpoint_id = $1 LIMIT $3) AS sample
     GROUP BY last_error ORDER BY events DESC LIMIT $2`,
    [endpointId, most, COUNT_MAX],
  )
  return rows
}

/** Undelivered events in all, and endpoints that are not as they should be. */
export async function summarizeEndpoints(
  database: Queryable,
): Promise<{ events: number; byState: { disabled: number; failing: number; full: number } }> {
  const { rows } = await database.query<{ disabled: number; failing: number; full: number }>(
    `SELECT count(*) FILTER (WHERE disabled_at IS NOT NULL) AS disabled,
       count(*) FILTER (WHERE disabled_at IS NULL AND failing_since IS NOT NULL) AS failing,
       count(*) FILTER (WHERE disabled_at IS NULL AND backlog_full) AS full
     FROM webhook_endpoints WHERE deleted_at IS NULL`,
  )
  return { events: await countRetries(database), byState: rows[0]! }
}
