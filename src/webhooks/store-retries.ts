import type { Queryable } from '../postgres/pool.ts'
import { type Column, RowArrays } from '../postgres/row-arrays.ts'

/** An undelivered event of an endpoint. */
export interface RetryKey {
  readonly endpointId: string
  readonly eventId: string
}

/** An event whose delivery is to be tried (again) after a wait, which PostgreSQL's clock measures. */
export interface Retry extends RetryKey {
  readonly body: string
  readonly attempts: number
  readonly waitMs: number
  readonly lastError: string
}

const KEY_COLUMNS = {
  endpoint_id: ['text', ({ endpointId }) => endpointId],
  event_id: ['text', ({ eventId }) => eventId],
} as const satisfies Readonly<Record<string, Column<RetryKey>>>

const KEYS = new RowArrays<RetryKey>(KEY_COLUMNS)

const RETRIES = new RowArrays<Retry>({
  ...KEY_COLUMNS,
  body: ['text', ({ body }) => body],
  attempts: ['smallint', ({ attempts }) => attempts],
  wait_ms: ['double precision', ({ waitMs }) => waitMs],
  last_error: ['text', ({ lastError }) => lastError],
})

/** Stores retries; one that is stored already stays as it is. */
export async function addRetries(database: Queryable, retries: readonly Retry[]): Promise<void> {
  await database.query({
    name: 'webhooks-add-retries',
    text: `INSERT INTO webhook_retries (endpoint_id, event_id, body, attempts, next_at, last_error)
           SELECT endpoint_id, event_id, body, attempts, now() + wait_ms * interval '1 millisecond', last_error
           FROM ${RETRIES.from('retry')}
           ON CONFLICT DO NOTHING`,
    values: RETRIES.values(retries),
  })
}

/** Removes events that were delivered. */
export async function removeRetries(database: Queryable, retries: readonly RetryKey[]): Promise<void> {
  await database.query({
    name: 'webhooks-remove-retries',
    text: `DELETE FROM webhook_retries AS retry USING ${KEYS.from('done')}
           WHERE retry.endpoint_id = done.endpoint_id AND retry.event_id = done.event_id`,
    values: KEYS.values(retries),
  })
}

/** How an attempt failed, or that none was made. */
export interface Postponement extends RetryKey {
  readonly attempts: number
  /** Null when it was the last attempt: the event is exhausted. */
  readonly waitMs: number | null
  /** Null if none was made: what the last one failed of stays. */
  readonly error: string | null
}

const POSTPONEMENTS = new RowArrays<Postponement>({
  ...KEY_COLUMNS,
  attempts: ['smallint', ({ attempts }) => attempts],
  wait_ms: ['double precision', ({ waitMs }) => waitMs],
  error: ['text', ({ error }) => error],
})

export async function postponeRetries(database: Queryable, retries: readonly Postponement[]): Promise<void> {
  await database.query({
    name: 'webhooks-postpone-retries',
    text: `UPDATE webhook_retries AS retry SET attempts = failed.attempts, last_error = coalesce(failed.error, last_error),
             next_at = now() + coalesce(failed.wait_ms, 0) * interval '1 millisecond',
             exhausted_at = CASE WHEN failed.wait_ms IS NULL THEN now() END
           FROM ${POSTPONEMENTS.from('failed')}
           WHERE retry.endpoint_id = failed.endpoint_id AND retry.event_id = failed.event_id`,
    values: POSTPONEMENTS.values(retries),
  })
}

/** Events that wait for an attempt, exhausted ones not included; counted up to 100,000. */
export async function countRetries(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ waiting: number }>(
    `SELECT count(*) AS waiting
     FROM (SELECT 1 FROM webhook_retries WHERE exhausted_at IS NULL LIMIT 100000) AS retry`,
  )
  return rows[0]!.waiting
}
