import { WakeSignal } from '../runtime/wake-signal.ts'
import type { Connection, Pool } from './pool.ts'

export interface LeaderLoopParts {
  readonly pool: Pool
  /** The advisory lock that the one who leads holds. */
  readonly lock: number
  /** Between two rounds, and between two looks whether the lock is free. */
  readonly periodMs: number
  /**
   * Called when the lock is ours. Returns what is to be done each period, on the connection that holds it: a round that
   * does not use it would not notice that the lock is gone with it.
   */
  readonly begin: (connection: Connection) => Promise<() => Promise<void>>
  /** It is not ours any more. */
  readonly ended?: () => void
  readonly troubled: (error: unknown) => void
}

/**
 * Work that one process does of all that could, again and again: the one whose connection holds a lock. If the connection
 * breaks or a round throws, the lock is free, and whoever gets it begins anew.
 */
export class LeaderLoop {
  readonly #parts: LeaderLoopParts
  readonly #signal = new WakeSignal()
  #loop: Promise<void> | null = null
  #stopping = false

  constructor(parts: LeaderLoopParts) {
    this.#parts = parts
  }

  /** For rounds that are long: whether to break off. */
  get isStopping(): boolean {
    return this.#stopping
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Resolves when the round under way is over. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#signal.wake()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#lead().catch(this.#parts.troubled)
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    if (!this.#stopping) await this.#signal.sleep(this.#parts.periodMs)
  }

  /** Returns at once when another process does the work; otherwise goes on until stopped. */
  async #lead(): Promise<void> {
    const { pool, lock, begin, ended } = this.#parts
    const connection = await pool.connect()
    let isOurs = false
    try {
      const { rows } = await connection.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lock])
      isOurs = rows[0]!.locked
      if (!isOurs) return
      const round = await begin(connection)
      while (!this.#stopping) {
        await round()
        await this.#pause()
      }
    } finally {
      if (isOurs) ended?.()
      // Closed, as the lock goes with the connection.
      connection.release(true)
    }
  }
}
