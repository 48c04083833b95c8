import type { Pool } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import { changedEndpoints, type Endpoint } from './endpoints.ts'

const READ_MS = 100
/** Changes that were under way while we read become visible after others that are later by their time. */
const OVERLAP_MS = 10_000

/**
 * The endpoints of all customers, in memory. Asked about an event, it has read the table after that event came to be,
 * so an endpoint made before a message hears of it.
 */
export class EndpointDirectory {
  readonly #pool: Pool
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #byCustomer = new Map<string, Endpoint[]>()
  #readMs = 0
  #newest = new Date(0)
  #reading: Promise<void> | null = null

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Endpoints of a customer that are not disabled, as of that time or later. */
  async of(customerId: string, atMs: number): Promise<readonly Endpoint[]> {
    while (this.#readMs < atMs) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = null
      })
      await this.#reading
    }
    return this.#byCustomer.get(customerId) ?? []
  }

  get(endpointId: string): Endpoint | undefined {
    return this.#endpoints.get(endpointId)
  }

  async #read(): Promise<void> {
    const waitMs = this.#readMs + READ_MS - Date.now()
    if (waitMs > 0) await sleep(waitMs)
    const startedMs = Date.now()
    const changed = await changedEndpoints(this.#pool, new Date(this.#newest.getTime() - OVERLAP_MS))
    for (const endpoint of changed) this.#put(endpoint)
    // A clock that runs behind that of the event's process must not make us read for ever.
    this.#readMs = startedMs + READ_MS / 2
  }

  #put(endpoint: Endpoint): void {
    if (endpoint.changed_at > this.#newest) this.#newest = endpoint.changed_at
    const known = this.#endpoints.get(endpoint.endpoint_id)
    if (known && known.changed_at >= endpoint.changed_at) return
    this.#endpoints.set(endpoint.endpoint_id, endpoint)
    const others = (this.#byCustomer.get(endpoint.customer_id) ?? []).filter(
      ({ endpoint_id }) => endpoint_id !== endpoint.endpoint_id,
    )
    this.#byCustomer.set(endpoint.customer_id, endpoint.disabled_at ? others : [...others, endpoint])
  }
}
