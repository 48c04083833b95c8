import type { Queryable } from '../postgres/pool.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import type { Addressee } from './post-target.ts'

/** An endpoint with undelivered events. */
export interface WaitingEndpoint {
  readonly endpoint_id: string
  /** Whether one of its events may be posted now: it is enabled, and its wait after a failure has passed. */
  readonly is_ready: boolean
  /** Its last retry failed: one event at a time probes it. */
  readonly is_failing: boolean
}

/**
 * The next endpoints, in the order of their ids, that have undelivered events. It costs a look into an index for each
 * endpoint, however many events it has.
 */
export async function waitingEndpoints(database: Queryable, after: string, most: number): Promise<WaitingEndpoint[]> {
  const { rows } = await database.query<WaitingEndpoint>({
    name: 'webhooks-waiting-endpoints',
    text: `WITH RECURSIVE waiting (endpoint_id, place) AS (
             (SELECT endpoint_id, 1 FROM webhook_retries WHERE exhausted_at IS NULL AND endpoint_id > $1
              ORDER BY endpoint_id LIMIT 1)
             UNION ALL
             SELECT following.endpoint_id, place + 1
             FROM waiting, LATERAL (SELECT endpoint_id FROM webhook_retries
                                    WHERE exhausted_at IS NULL AND endpoint_id > waiting.endpoint_id
                                    ORDER BY endpoint_id LIMIT 1) AS following
             WHERE place < $2
           )
           SELECT endpoint_id, failing_since IS NOT NULL AS is_failing,
             disabled_at IS NULL AND coalesce(retry_at <= now(), true) AS is_ready
           FROM waiting JOIN webhook_endpoints USING (endpoint_id) ORDER BY endpoint_id`,
    values: [after, most],
  })
  return rows
}

/** An event that is due, with all that is needed to post it. */
export interface DueRetry extends Addressee {
  readonly event_id: string
  readonly body: string
  readonly attempts: number
  readonly is_failing: boolean
  /** Retries to this endpoint that have failed in a row. */
  readonly failures: number
}

const SHARES = new RowArrays<readonly [endpointId: string, most: number]>({
  endpoint_id: ['text', ([endpointId]) => endpointId],
  most: ['integer', ([, most]) => most],
})

/**
 * Claims due events for `leaseMs`: no other dispatcher has them meanwhile, and if this one dies they are due again. Of each
 * endpoint that is named, as many as its share, those that are due longest first; of a disabled one none.
 */
export async function claimRetries(
  database: Queryable,
  shares: ReadonlyMap<string, number>,
  leaseMs: number,
): Promise<DueRetry[]> {
  const { rows } = await database.query<DueRetry>({
    name: 'webhooks-claim-retries',
    text: `UPDATE webhook_retries AS retry SET next_at = now() + $1 * interval '1 millisecond'
           FROM ${SHARES.from('share', 2)}
           JOIN webhook_endpoints AS endpoint ON endpoint.endpoint_id = share.endpoint_id
           CROSS JOIN LATERAL (
             SELECT event_id FROM webhook_retries
             WHERE endpoint_id = share.endpoint_id AND exhausted_at IS NULL AND next_at <= now()
             ORDER BY next_at LIMIT share.most FOR UPDATE SKIP LOCKED
           ) AS due
           WHERE retry.endpoint_id = share.endpoint_id AND retry.event_id = due.event_id
             AND endpoint.disabled_at IS NULL
           RETURNING retry.endpoint_id, retry.event_id, retry.body, retry.attempts, endpoint.customer_id, endpoint.url,
             endpoint.credentials, endpoint.secret, endpoint.failing_since IS NOT NULL AS is_failing, endpoint.failures`,
    values: [leaseMs, ...SHARES.values([...shares])],
  })
  return rows
}
