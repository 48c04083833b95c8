import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ApiKey, parseApiKey, secretMatches } from '../../domain/api-key.ts'
import { Problem } from '../../domain/errors.ts'
import type { Pool } from '../../postgres/pool.ts'

/** How long a key that was looked up is believed: so soon does a revoked one stop working. */
const BELIEVED_MS = 5_000
const CACHED_MAX = 100_000

interface KnownKey {
  readonly customerId: string
  readonly secretHash: Buffer
  readonly readAtMs: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request came with. */
    customerId: string
  }
}

/** Identifies the customer by `Authorization: Bearer`. */
export class ApiKeys {
  readonly #pool: Pool
  readonly #known = new Map<string, KnownKey>()
  readonly #reading = new Map<string, Promise<KnownKey | null>>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Requires a key on every route of the instance. */
  protect(app: FastifyInstance): void {
    app.decorateRequest('customerId', '')
    app.addHook('onRequest', async (request) => {
      request.customerId = await this.identify(request)
    })
  }

  /** Throws Problem `unauthorized`; the text does not tell which part of a key was wrong. */
  async identify(request: FastifyRequest): Promise<string> {
    const header = request.headers.authorization
    if (!header) throw new Problem('unauthorized', 'Send your API key as "Authorization: Bearer sg_live_…".')
    const key = header.startsWith('Bearer ') ? parseApiKey(header.slice(7).trim()) : null
    const known = key && (await this.#find(key))
    if (!key || !known || !secretMatches(key.secret, known.secretHash)) {
      throw new Problem('unauthorized', 'This API key is not valid, or was revoked.')
    }
    return known.customerId
  }

  async #find({ keyId }: ApiKey): Promise<KnownKey | null> {
    const cached = this.#known.get(keyId)
    if (cached && Date.now() - cached.readAtMs < BELIEVED_MS) return cached
    let reading = this.#reading.get(keyId)
    if (!reading) {
      reading = this.#read(keyId).finally(() => this.#reading.delete(keyId))
      this.#reading.set(keyId, reading)
    }
    return reading
  }

  async #read(keyId: string): Promise<KnownKey | null> {
    const { rows } = await this.#pool.query<{ customer_id: string; secret_hash: Buffer }>(
      'SELECT customer_id, secret_hash FROM api_keys WHERE key_id = $1 AND revoked_at IS NULL',
      [keyId],
    )
    const row = rows[0]
    this.#known.delete(keyId)
    if (!row) return null
    const known = { customerId: row.customer_id, secretHash: row.secret_hash, readAtMs: Date.now() }
    if (this.#known.size >= CACHED_MAX) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(keyId, known)
    return known
  }
}
