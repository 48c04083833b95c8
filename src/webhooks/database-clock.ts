/**
 * The time by PostgreSQL's clock, which all processes share: the clock of this machine may be minutes wrong, and receivers
 * refuse signatures whose timestamp is off by more than five minutes. Between readings a monotonic clock carries it on.
 */
export class DatabaseClock {
  readonly #monotonicMs: () => number
  readonly #wallMs: () => number
  #offsetMs: number | null = null

  constructor(monotonicMs = () => performance.now(), wallMs = Date.now) {
    this.#monotonicMs = monotonicMs
    this.#wallMs = wallMs
  }

  /** Takes a reading: PostgreSQL's time as of now. It may be late by the time that the answer took. */
  set(databaseMs: number): void {
    this.#offsetMs = databaseMs - this.#monotonicMs()
  }

  /** Milliseconds since 1970; by the clock of this machine until the first reading. */
  nowMs(): number {
    return this.#offsetMs === null ? this.#wallMs() : this.#offsetMs + this.#monotonicMs()
  }
}
