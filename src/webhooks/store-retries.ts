import { numberArray, textArray } from '../postgres/array-literal.ts'
import type { Queryable } from '../postgres/pool.ts'

/** An event whose delivery is to be tried (again) later. */
export interface Retry {
  readonly endpointId: string
  readonly eventId: string
  readonly body: string
  readonly attempts: number
  readonly nextAtMs: number
  readonly lastError: string
}

/** Stores retries; one that is there already stays as it is. */
export async function addRetries(database: Queryable, retries: readonly Retry[]): Promise<void> {
  await database.query({
    name: 'webhooks-add-retries',
    text: `INSERT INTO webhook_retries (endpoint_id, event_id, body, attempts, next_at, last_error)
           SELECT endpoint_id, event_id, body, attempts, to_timestamp(next_at_ms / 1000.0), last_error
           FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::double precision[], $6::text[])
             AS retry (endpoint_id, event_id, body, attempts, next_at_ms, last_error)
           ON CONFLICT DO NOTHING`,
    values: [
      textArray(retries.map(({ endpointId }) => endpointId)),
      textArray(retries.map(({ eventId }) => eventId)),
      textArray(retries.map(({ body }) => body)),
      numberArray(retries.map(({ attempts }) => attempts)),
      numberArray(retries.map(({ nextAtMs }) => nextAtMs)),
      textArray(retries.map(({ lastError }) => lastError)),
    ],
  })
}

export interface DueRetry {
  readonly endpoint_id: string
  readonly event_id: string
  readonly body: string
  readonly attempts: number
  readonly url: string
  readonly secret: string
}

/** Takes due retries for `leaseMs`: no other dispatcher has them meanwhile, and if we die they are due again. */
export async function claimRetries(database: Queryable, most: number, leaseMs: number): Promise<DueRetry[]> {
  const { rows } = await database.query<DueRetry>({
    name: 'webhooks-claim-retries',
    text: `UPDATE webhook_retries AS retry SET next_at = now() + $2 * interval '1 millisecond'
           FROM (SELECT endpoint_id, event_id FROM webhook_retries WHERE next_at <= now()
                 ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due, webhook_endpoints AS endpoint
           WHERE retry.endpoint_id = due.endpoint_id AND retry.event_id = due.event_id
             AND endpoint.endpoint_id = retry.endpoint_id
           RETURNING retry.endpoint_id, retry.event_id, retry.body, retry.attempts, endpoint.url, endpoint.secret`,
    values: [most, leaseMs],
  })
  return rows
}

export async function removeRetry(database: Queryable, retry: DueRetry): Promise<void> {
  await database.query({
    name: 'webhooks-remove-retry',
    text: 'DELETE FROM webhook_retries WHERE endpoint_id = $1 AND event_id = $2',
    values: [retry.endpoint_id, retry.event_id],
  })
}

/** An endpoint that wants no more hears of nothing that waits either. */
export async function removeRetriesOf(database: Queryable, endpointId: string): Promise<void> {
  await database.query('DELETE FROM webhook_retries WHERE endpoint_id = $1', [endpointId])
}

export async function postponeRetry(database: Queryable, retry: DueRetry, atMs: number, error: string): Promise<void> {
  await database.query({
    name: 'webhooks-postpone-retry',
    text: `UPDATE webhook_retries SET attempts = attempts + 1, next_at = to_timestamp($3 / 1000.0), last_error = $4
           WHERE endpoint_id = $1 AND event_id = $2`,
    values: [retry.endpoint_id, retry.event_id, atMs, error],
  })
}

/** Puts a retry off that was not tried, so no attempt is counted. */
export async function deferRetry(database: Queryable, retry: DueRetry, atMs: number): Promise<void> {
  await database.query({
    name: 'webhooks-defer-retry',
    text: 'UPDATE webhook_retries SET next_at = to_timestamp($3 / 1000.0) WHERE endpoint_id = $1 AND event_id = $2',
    values: [retry.endpoint_id, retry.event_id, atMs],
  })
}

export async function countRetries(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ waiting: number }>(
    'SELECT count(*) AS waiting FROM (SELECT 1 FROM webhook_retries LIMIT 100000) AS retry',
  )
  return rows[0]!.waiting
}
