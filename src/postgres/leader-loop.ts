import type { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
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
  /** Counts what fails here. A process that finds another at work does not fail. */
  readonly failure: Pick<RepeatedFailure, 'failed' | 'succeeded'>
}

/**
 * Work that one process does of all that could, again and again: the one whose connection holds a lock. If the connection
 * breaks or a round throws, the lock is free, and whoever gets it begins anew.
 */
export class LeaderLoop {
  readonly #parts: LeaderLoopParts
  readonly #loop: RoundLoop

  constructor(parts: LeaderLoopParts) {
    this.#parts = parts
    this.#loop = new RoundLoop(async () => {
      try {
        await this.#lead()
        return parts.periodMs
      } catch (error) {
        return Math.max(parts.periodMs, parts.failure.failed(error))
      }
    })
  }

  /** For rounds that are long: whether to break off. */
  get isStopping(): boolean {
    return this.#loop.isStopping
  }

  start(): void {
    this.#loop.start()
  }

  /** Resolves when the round under way is over. */
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Returns at once when another process does the work; otherwise goes on until stopped. */
  async #lead(): Promise<void> {
    const { pool, lock, periodMs, begin, ended, failure } = this.#parts
    const connection = await pool.connect()
    let isOurs = false
    try {
      const { rows } = await connection.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lock])
      isOurs = rows[0]!.locked
      if (!isOurs) return failure.succeeded()
      const round = await begin(connection)
      while (!this.isStopping) {
        await round()
        failure.succeeded()
        await this.#loop.pause(periodMs)
      }
    } finally {
      if (isOurs) ended?.()
      // Closed, as the lock goes with the connection.
      connection.release(true)
    }
  }
}
