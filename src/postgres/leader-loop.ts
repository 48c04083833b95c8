import type { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import type { Connection, Pool } from './pool.ts'

export interface LeaderLoopParts {
  readonly pool: Pool
  /** The advisory lock that the leader holds. */
  readonly lock: number
  /** Between two rounds, and between two looks whether the lock is free. */
  readonly periodMs: number
  /**
   * Called when the lock is ours. Returns what is to be done each period, on the connection that holds it: a round that
   * does not use it would not notice that the lock is gone with it.
   */
  readonly begin: (connection: Connection) => Promise<() => Promise<void>>
  /** The lock is lost. */
  readonly ended?: () => void
  /** Counts failures of this loop. That another process leads is not a failure. */
  readonly failure: Pick<RepeatedFailure, 'failed' | 'succeeded'>
}

/**
 * Periodic work that only the leader does: the process whose connection holds a lock. If the connection breaks or a
 * round throws, the lock is released, and the next process that gets it starts afresh.
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

  /** Resolves when the round under way has ended. */
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
