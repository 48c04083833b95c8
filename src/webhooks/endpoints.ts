import { randomBytes } from 'node:crypto'
import { isFinal, STATUSES, type Status } from '../domain/status.ts'
import { SqlState, sqlState } from '../postgres/database-errors.ts'
import type { Queryable } from '../postgres/pool.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { createSecret } from './sign.ts'

/** Where a customer wants to hear of its messages. */
export interface Endpoint {
  readonly endpoint_id: string
  readonly customer_id: string
  readonly url: string
  readonly secret: string
  readonly statuses: readonly Status[]
  readonly disabled_at: Date | null
  readonly disabled_reason: string | null
  readonly changed_at: Date
}

const FINAL_STATUSES = STATUSES.filter(isFinal)
const COLUMNS = 'endpoint_id, customer_id, url, secret, statuses, disabled_at, disabled_reason, changed_at'

/** Makes an endpoint; without statuses it hears of final ones. Throws ExpectedError. */
export async function createEndpoint(
  database: Queryable,
  customerId: string,
  url: string,
  statuses: readonly Status[] = FINAL_STATUSES,
): Promise<Endpoint> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ExpectedError(`"${url}" is not a URL that begins with https:// or http://`)
  }
  const unknown = statuses.find((status) => !STATUSES.includes(status))
  if (unknown !== undefined) throw new ExpectedError(`there is no status "${unknown}"; use ${STATUSES.join(', ')}`)
  const id = `we_${randomBytes(9).toString('base64url')}`
  try {
    const { rows } = await database.query<Endpoint>(
      `INSERT INTO webhook_endpoints (endpoint_id, customer_id, url, secret, statuses)
       VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
      [id, customerId, url, createSecret(), [...statuses]],
    )
    return rows[0]!
  } catch (error) {
    if (sqlState(error) === SqlState.FOREIGN_KEY_VIOLATION)
      throw new ExpectedError(`there is no customer "${customerId}"`)
    throw error
  }
}

export async function listEndpoints(database: Queryable, customerId?: string): Promise<Endpoint[]> {
  const { rows } = await database.query<Endpoint>(
    `SELECT ${COLUMNS} FROM webhook_endpoints WHERE $1::text IS NULL OR customer_id = $1 ORDER BY created_at`,
    [customerId ?? null],
  )
  return rows
}

/** Posts nothing there any more. Throws ExpectedError if there is no such endpoint, or it is disabled already. */
export async function disableEndpoint(database: Queryable, endpointId: string, reason: string): Promise<void> {
  const { rowCount } = await database.query(
    `UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $2, changed_at = now()
     WHERE endpoint_id = $1 AND disabled_at IS NULL`,
    [endpointId, reason],
  )
  if (rowCount === 0) throw new ExpectedError(`there is no endpoint "${endpointId}", or it is disabled already`)
}

/** Those that changed at that time or later, of all customers. */
export async function changedEndpoints(database: Queryable, since: Date): Promise<Endpoint[]> {
  const { rows } = await database.query<Endpoint>({
    name: 'webhooks-changed',
    text: `SELECT ${COLUMNS} FROM webhook_endpoints WHERE changed_at >= $1`,
    values: [since],
  })
  return rows
}
