import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'

const LOOK_MS = 1_000
/** Once full, there must be room again for a tenth before more is taken. */
const ROOM_SHARE = 0.1

/**
 * How many rows wait in the outbox, as PostgreSQL's statistics know it: inserted less removed, a second or so late.
 * Reading it costs nothing, however many there are. While Kafka is unavailable the outbox takes what is accepted, up to
 * a bound.
 */
export class OutboxLevel {
  readonly #pool: Pool
  readonly #rowsMax: number
  readonly #log: Log
  #rows = 0
  #isFull = false
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null

  constructor(pool: Pool, rowsMax: number, log: Log) {
    this.#pool = pool
    this.#rowsMax = rowsMax
    this.#log = log
  }

  get rows(): number {
    return this.#rows
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Looks once, and then every second. Throws when the database does, the first time. */
  async start(): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look()
        .catch((error) => this.#log.warn({ err: error }, 'failed to read the outbox size'))
        .finally(() => {
          this.#looking = null
        })
    }, LOOK_MS).unref()
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    const { rows } = await this.#pool.query<{ rows: number }>(
      "SELECT pg_stat_get_live_tuples('outbox'::regclass) AS rows",
    )
    this.#rows = rows[0]!.rows
    const isFull = this.#rows >= this.#rowsMax * (this.#isFull ? 1 - ROOM_SHARE : 1)
    if (isFull && !this.#isFull) this.#log.error({ rows: this.#rows }, 'outbox full; refusing requests')
    if (!isFull && this.#isFull) this.#log.info({ rows: this.#rows }, 'outbox below its limit; accepting requests')
    this.#isFull = isFull
  }
}
