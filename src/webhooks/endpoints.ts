import { randomBytes } from 'node:crypto'
import { FINAL_STATUSES, STATUSES, type Status } from '../domain/status.ts'
import { SqlState, sqlState } from '../postgres/database-errors.ts'
import type { Queryable } from '../postgres/pool.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { readEndpointUrl } from './endpoint-url.ts'
import { createSecret } from './sign.ts'

/** Where a customer receives the events of its messages. */
export interface Endpoint {
  readonly endpoint_id: string
  readonly customer_id: string
  /** Without credentials, so it may be shown and logged. */
  readonly url: string
  /** As `readEndpointUrl` returns them. */
  readonly credentials: string | null
  readonly secret: string
  readonly statuses: readonly Status[]
  readonly disabled_at: Date | null
  readonly disabled_reason: string | null
  /** Since when no retry has succeeded; null while none fails. */
  readonly failing_since: Date | null
  /** As many undelivered events are stored as are kept for one endpoint. */
  readonly backlog_full: boolean
}

export interface NewEndpoint {
  readonly customerId: string
  readonly url: string
  /** The final ones if not given. */
  readonly statuses?: readonly Status[] | undefined
  /** Whether the address may be private, as the setting WEBHOOK_ALLOW_PRIVATE says. */
  readonly allowPrivate?: boolean
}

/** Each event of a customer is posted to each of its endpoints, so their number multiplies what the gateway sends. */
const ENDPOINTS_PER_CUSTOMER_MAX = 20
const COLUMN_NAMES = [
  'endpoint_id',
  'customer_id',
  'url',
  'credentials',
  'secret',
  'statuses',
  'disabled_at',
  'disabled_reason',
  'failing_since',
  'backlog_full',
]
/** The columns of an Endpoint, of the table `endpoint`. */
export const ENDPOINT_COLUMNS = COLUMN_NAMES.map((name) => `endpoint.${name}`).join(', ')

/** Creates an endpoint with a secret of its own. Throws ExpectedError for one to which nothing could be posted. */
export async function createEndpoint(database: Queryable, created: NewEndpoint): Promise<Endpoint> {
  const { customerId, statuses = FINAL_STATUSES, allowPrivate = false } = created
  const { url, credentials } = readEndpointUrl(created.url, { allowPrivate })
  const unknown = statuses.find((status) => !STATUSES.includes(status))
  if (unknown !== undefined) throw new ExpectedError(`there is no status "${unknown}"; use ${STATUSES.join(', ')}`)
  const id = `we_${randomBytes(9).toString('base64url')}`
  try {
    const { rows } = await database.query<Endpoint>(
      `INSERT INTO webhook_endpoints AS endpoint (endpoint_id, customer_id, url, credentials, secret, statuses)
       SELECT $1, $2, $3, $4, $5, $6
       WHERE (SELECT count(*) FROM webhook_endpoints WHERE customer_id = $2 AND deleted_at IS NULL) < $7
       RETURNING ${ENDPOINT_COLUMNS}`,
      [id, customerId, url, credentials, createSecret(), [...new Set(statuses)], ENDPOINTS_PER_CUSTOMER_MAX],
    )
    if (rows[0]) return rows[0]
  } catch (error) {
    if (sqlState(error) === SqlState.FOREIGN_KEY_VIOLATION)
      throw new ExpectedError(`there is no customer "${customerId}"`)
    throw error
  }
  throw new ExpectedError(
    `"${customerId}" has ${ENDPOINTS_PER_CUSTOMER_MAX} endpoints, which is the maximum; delete one first`,
  )
}

/** Endpoints that are not deleted, the oldest first; those of all customers if none is given. */
export async function listEndpoints(
  database: Queryable,
  { customerId = null, rowsMax }: { readonly customerId?: string | null | undefined; readonly rowsMax: number },
): Promise<Endpoint[]> {
  const { rows } = await database.query<Endpoint>(
    `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints AS endpoint
     WHERE deleted_at IS NULL AND ($1::text IS NULL OR customer_id = $1) ORDER BY created_at, endpoint_id LIMIT $2`,
    [customerId, rowsMax],
  )
  return rows
}

/** Null if there is no such endpoint, or it is deleted. */
export async function readEndpoint(database: Queryable, endpointId: string): Promise<Endpoint | null> {
  const { rows } = await database.query<Endpoint>(
    `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints AS endpoint WHERE deleted_at IS NULL AND endpoint_id = $1`,
    [endpointId],
  )
  return rows[0] ?? null
}
