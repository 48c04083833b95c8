import type { Pool, Queryable } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import type { DatabaseClock } from './database-clock.ts'
import { ENDPOINT_COLUMNS, type Endpoint } from './endpoints.ts'

const READ_MS = 100
/** How often the whole table is read: finds rows that were deleted by hand, and a database restored from a dump. */
const READ_ALL_MS = 300_000

/**
 * The endpoints of all customers, in memory. Every look-up is answered from a read of the table that began after the
 * call, so an endpoint that was committed before a message was posted receives the events of that message. No clocks
 * are compared for that: what a read has to look for follows from PostgreSQL's snapshots (decision 0023).
 */
export class EndpointDirectory {
  readonly #pool: Pool
  readonly #clock: DatabaseClock
  #endpoints = new Map<string, Endpoint>()
  #byCustomer = new Map<string, readonly Endpoint[]>()
  /** The oldest transaction that the last read could not see the end of. */
  #xmin = '0'
  #startedMs = Number.NEGATIVE_INFINITY
  #readAllMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> = Promise.resolve()
  /** The read that has not begun yet; callers from now on wait for it. */
  #next: Promise<void> | null = null

  constructor(pool: Pool, clock: DatabaseClock) {
    this.#pool = pool
    this.#clock = clock
  }

  /** The enabled endpoints of a customer, as of now or later. Throws what the database throws. */
  async of(customerId: string): Promise<readonly Endpoint[]> {
    this.#next ??= this.#readNext()
    await this.#next
    return this.#byCustomer.get(customerId) ?? []
  }

  /** The endpoint as of the last read, unless it is disabled or unknown. */
  enabled(endpointId: string): Endpoint | undefined {
    return this.#endpoints.get(endpointId)
  }

  async #readNext(): Promise<void> {
    await this.#running.catch(() => {})
    const waitMs = this.#startedMs + READ_MS - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    this.#next = null
    this.#running = this.#read()
    await this.#running
  }

  async #read(): Promise<void> {
    this.#startedMs = performance.now()
    const isDue = this.#startedMs - this.#readAllMs >= READ_ALL_MS
    let read = await readChanged(this.#pool, isDue ? '0' : this.#xmin)
    // Transactions count upwards, so this is another database: a restored one, or a standby that lacks the latest.
    const isOther = BigInt(read.xmin) < BigInt(this.#xmin)
    if (isOther && !isDue) read = await readChanged(this.#pool, '0')
    const { endpoints, xmin, nowMs } = read
    if (isDue || isOther) {
      this.#endpoints = new Map()
      this.#byCustomer = new Map()
      this.#readAllMs = this.#startedMs
    }
    for (const endpoint of endpoints) this.#put(endpoint)
    this.#xmin = xmin
    this.#clock.set(nowMs)
  }

  #put(endpoint: Endpoint): void {
    const { endpoint_id: id, customer_id: customerId } = endpoint
    const others = (this.#byCustomer.get(customerId) ?? []).filter(({ endpoint_id }) => endpoint_id !== id)
    const isEnabled = endpoint.disabled_at === null
    if (isEnabled) this.#endpoints.set(id, endpoint)
    else this.#endpoints.delete(id)
    if (isEnabled || others.length > 0) this.#byCustomer.set(customerId, isEnabled ? [...others, endpoint] : others)
    else this.#byCustomer.delete(customerId)
  }
}

/**
 * Endpoints that were changed by transactions which the snapshot of the previous read, with that xmin, may not have
 * seen. A row is read again until every transaction that was open then has ended, which changes nothing.
 */
async function readChanged(
  database: Queryable,
  xmin: string,
): Promise<{ endpoints: Endpoint[]; xmin: string; nowMs: number }> {
  const { rows } = await database.query<Endpoint & { xmin_now: string; now_ms: number }>({
    name: 'webhooks-changed',
    text: `SELECT snapshot.xmin_now, snapshot.now_ms, ${ENDPOINT_COLUMNS}
           FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin_now,
                        (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS now_ms) AS snapshot
           LEFT JOIN webhook_endpoints AS endpoint ON endpoint.changed_xid >= $1::xid8`,
    values: [xmin],
  })
  const { xmin_now, now_ms } = rows[0]!
  return { endpoints: rows.filter(({ endpoint_id }) => endpoint_id !== null), xmin: xmin_now, nowMs: now_ms }
}
