import type { Queryable } from '../postgres/pool.ts'

export interface EndpointFailure {
  readonly endpointId: string
  /** Failures in a row, this one included. */
  readonly failures: number
  /** How long no retry is posted to the endpoint, by any process. */
  readonly waitMs: number
  /** The endpoint is disabled if it has failed for so long; null for never. */
  readonly disableAfterMs: number | null
}

/**
 * Notes that a retry failed; of several at once the first counts. Returns whether the endpoint is disabled for it.
 */
export async function noteFailure(database: Queryable, failure: EndpointFailure): Promise<boolean> {
  const { endpointId, failures, waitMs, disableAfterMs } = failure
  const { rows } = await database.query<{ disabled: boolean }>({
    name: 'webhooks-note-failure',
    text: `UPDATE webhook_endpoints SET failures = $2, failing_since = coalesce(failing_since, now()),
             retry_at = now() + $3 * interval '1 millisecond',
             disabled_at = CASE WHEN failing_since < now() - $4 * interval '1 millisecond' THEN now() END,
             disabled_reason = CASE WHEN failing_since < now() - $4 * interval '1 millisecond'
               THEN 'has failed since ' || to_char(failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
           WHERE endpoint_id = $1 AND disabled_at IS NULL AND coalesce(retry_at <= now(), true)
           RETURNING disabled_at IS NOT NULL AS disabled`,
    values: [endpointId, failures, waitMs, disableAfterMs],
  })
  return rows[0]?.disabled ?? false
}

/** Notes that a post succeeded: the endpoint's backlog is retried again. */
export async function noteSuccess(database: Queryable, endpointId: string): Promise<void> {
  await database.query({
    name: 'webhooks-note-success',
    text: `UPDATE webhook_endpoints SET failures = 0, failing_since = NULL, retry_at = NULL
           WHERE endpoint_id = $1 AND failing_since IS NOT NULL`,
    values: [endpointId],
  })
}
