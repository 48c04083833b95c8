import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ApiKey, parseApiKey, secretMatches } from '../../domain/api-key.ts'
import { Problem } from '../../domain/errors.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ReadTogether } from '../../postgres/read-together.ts'
import type { RequestLimits } from '../limits/request-limits.ts'

/** How long a key that was looked up is believed: so soon does a revoked one stop working. */
const BELIEVED_MS = 5_000
/** How long a key that does not exist is not looked up again: so soon does a new one work that was tried too early. */
const UNKNOWN_MS = 1_000
const CACHED_MAX = 100_000

/** The customer, as its API key says. */
export interface KeyOwner {
  readonly customerId: string
  /** Whether it may send with priority 3. */
  readonly expressAllowed: boolean
}

interface KnownKey extends KeyOwner {
  readonly secretHash: Buffer
  readonly readAtMs: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request came with. */
    customerId: string
    /** Whether it may send with priority 3. */
    expressAllowed: boolean
  }
}

/**
 * Identifies the customer by `Authorization: Bearer`. A caller without a valid key pays for the look-up with the
 * requests of its address; keys that were valid lately are looked up for nothing, so strangers behind the same address
 * do not keep customers out.
 */
export class ApiKeys {
  readonly #limits: RequestLimits
  readonly #known = new Map<string, KnownKey>()
  /** When each key was not found. */
  readonly #unknown = new Map<string, number>()
  readonly #reading: ReadTogether<string, KnownKey>

  constructor(pool: Pool, limits: RequestLimits) {
    this.#limits = limits
    this.#reading = new ReadTogether((keyIds) => readKeys(pool, keyIds))
  }

  /** Requires a key on every route of the instance. */
  protect(app: FastifyInstance): void {
    app.decorateRequest('customerId', '')
    app.decorateRequest('expressAllowed', false)
    app.addHook('onRequest', async (request, reply) => {
      const { customerId, expressAllowed } = await this.identify(request, reply)
      request.customerId = customerId
      request.expressAllowed = expressAllowed
    })
  }

  /**
   * Throws Problem `unauthorized`, whose text does not reveal which part of a key was wrong, or `too-many-requests`.
   */
  async identify(request: FastifyRequest, reply: FastifyReply): Promise<KeyOwner> {
    const header = request.headers.authorization
    const key = header === undefined ? null : parseBearer(header)
    const cached = key && this.#known.get(key.keyId)
    if (key && cached) {
      const isFresh = performance.now() - cached.readAtMs < BELIEVED_MS
      const known = isFresh ? cached : await this.#look(key.keyId)
      if (known && secretMatches(key.secret, known.secretHash)) return known
    }
    await this.#limits.takeStranger(request, reply)
    if (key && !cached && !this.#isUnknown(key.keyId)) {
      const known = await this.#look(key.keyId)
      if (known && secretMatches(key.secret, known.secretHash)) {
        this.#limits.forgiveStranger(request)
        return known
      }
    }
    const detail = header
      ? 'This API key is not valid, or was revoked.'
      : 'Send your API key as "Authorization: Bearer sg_live_…".'
    throw new Problem('unauthorized', detail)
  }

  #isUnknown(keyId: string): boolean {
    const atMs = this.#unknown.get(keyId)
    return atMs !== undefined && performance.now() - atMs < UNKNOWN_MS
  }

  async #look(keyId: string): Promise<KnownKey | null> {
    const known = (await this.#reading.get(keyId)) ?? null
    this.#known.delete(keyId)
    this.#unknown.delete(keyId)
    if (known) remember(this.#known, keyId, known)
    else remember(this.#unknown, keyId, performance.now())
    return known
  }
}

/** The scheme counts without regard to case (RFC 9110, section 11.1). */
function parseBearer(header: string): ApiKey | null {
  const [, credentials] = /^bearer +(\S+) *$/i.exec(header) ?? []
  return credentials === undefined ? null : parseApiKey(credentials)
}

function remember<Value>(cache: Map<string, Value>, keyId: string, value: Value): void {
  if (cache.size >= CACHED_MAX) cache.delete(cache.keys().next().value!)
  cache.set(keyId, value)
}

async function readKeys(pool: Pool, keyIds: readonly string[]): Promise<Map<string, KnownKey>> {
  const { rows } = await pool.query<{ key_id: string; customer_id: string; express: boolean; secret_hash: Buffer }>({
    name: 'read-api-keys',
    text: `SELECT key_id, customer_id, k.express AND c.express AS express, secret_hash
           FROM api_keys k JOIN customers c USING (customer_id) WHERE key_id = ANY($1) AND revoked_at IS NULL`,
    values: [[...new Set(keyIds)]],
  })
  const readAtMs = performance.now()
  return new Map(
    rows.map(({ key_id, customer_id, express, secret_hash }) => [
      key_id,
      { customerId: customer_id, expressAllowed: express, secretHash: secret_hash, readAtMs },
    ]),
  )
}
