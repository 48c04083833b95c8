import type { Connection, Pool, Queryable } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { ExpectedError } from '../runtime/expected-error.ts'

/**
 * Posts nothing to the endpoint any more, from the dispatchers' next look at the table on. Undelivered events are kept.
 * Returns false if it is disabled already, which then keeps its reason. Throws ExpectedError if it does not exist.
 */
export async function disableEndpoint(database: Queryable, endpointId: string, reason: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $2
     WHERE endpoint_id = $1 AND disabled_at IS NULL AND deleted_at IS NULL`,
    [endpointId, reason],
  )
  if (rowCount === 0) await mustExist(database, endpointId)
  return rowCount !== 0
}

/**
 * Posts to the endpoint again: new events at once, and what was kept for it with the next retries.
 * Returns false if it is enabled already. Throws ExpectedError if it does not exist.
 */
export async function enableEndpoint(pool: Pool | Connection, endpointId: string): Promise<boolean> {
  return inTransaction(pool, async (connection) => {
    const { rowCount } = await connection.query(
      `UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL,
         failing_since = NULL, failures = 0, retry_at = NULL
       WHERE endpoint_id = $1 AND disabled_at IS NOT NULL AND deleted_at IS NULL`,
      [endpointId],
    )
    if (rowCount === 0) await mustExist(connection, endpointId)
    // The time at which the endpoint was disabled does not count against what was kept for it.
    else
      await connection.query(
        `UPDATE webhook_retries SET next_at = now(), created_at = now() WHERE endpoint_id = $1 AND exhausted_at IS NULL`,
        [endpointId],
      )
    return rowCount !== 0
  })
}

/** Disables the endpoint for good and removes its undelivered events. Throws ExpectedError if it does not exist. */
export async function deleteEndpoint(pool: Pool | Connection, endpointId: string): Promise<void> {
  await inTransaction(pool, async (connection) => {
    const { rowCount } = await connection.query(
      `UPDATE webhook_endpoints SET deleted_at = now(), disabled_at = coalesce(disabled_at, now()),
         disabled_reason = 'deleted', credentials = NULL
       WHERE endpoint_id = $1 AND deleted_at IS NULL`,
      [endpointId],
    )
    if (rowCount === 0) throw notFound(endpointId)
    await connection.query('DELETE FROM webhook_retries WHERE endpoint_id = $1', [endpointId])
  })
}

async function mustExist(database: Queryable, endpointId: string): Promise<void> {
  const { rowCount } = await database.query(
    'SELECT 1 FROM webhook_endpoints WHERE endpoint_id = $1 AND deleted_at IS NULL',
    [endpointId],
  )
  if (rowCount === 0) throw notFound(endpointId)
}

function notFound(endpointId: string): ExpectedError {
  return new ExpectedError(`there is no endpoint "${endpointId}"`)
}
