import type { Queryable } from '../postgres/pool.ts'

/** Removes undelivered events of an endpoint for good: all, or the exhausted ones. Returns how many. */
export async function discardBacklog(database: Queryable, endpointId: string, onlyExhausted: boolean): Promise<number> {
  const { rowCount } = await database.query(
    'DELETE FROM webhook_retries WHERE endpoint_id = $1 AND (exhausted_at IS NOT NULL OR NOT $2)',
    [endpointId, onlyExhausted],
  )
  return rowCount ?? 0
}

/** Makes all undelivered events of an endpoint due now, exhausted ones with all their attempts again. Returns how many. */
export async function retryBacklog(database: Queryable, endpointId: string): Promise<number> {
  const { rowCount } = await database.query(
    `WITH endpoint AS (UPDATE webhook_endpoints SET retry_at = NULL WHERE endpoint_id = $1)
     UPDATE webhook_retries SET next_at = now(),
       attempts = CASE WHEN exhausted_at IS NULL THEN attempts ELSE 0 END,
       created_at = CASE WHEN exhausted_at IS NULL THEN created_at ELSE now() END,
       exhausted_at = NULL
     WHERE endpoint_id = $1`,
    [endpointId],
  )
  return rowCount ?? 0
}
