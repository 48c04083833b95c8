/** What clocks may drift apart, in milliseconds for each millisecond that passes. */
const DRIFT = 1e-4

/**
 * How far another clock is from ours, by answers that carry its time. An answer's time lies somewhere between request
 * and arrival, so the quickest answer is the most exact; its precision fades as the clocks drift, and an answer that
 * contradicts it proves that a clock was set.
 */
export class ClockOffset {
  #offsetMs = 0
  #errorMs = Number.POSITIVE_INFINITY
  #sampledMs = 0

  /**
   * An answer that was requested at `askedMs` and arrived at `heardMs`, by our clock, and was given at `theirMs`, by
   * theirs.
   */
  sample(askedMs: number, heardMs: number, theirMs: number): void {
    const errorMs = (heardMs - askedMs) / 2
    const knownErrorMs = this.#errorMs + DRIFT * (heardMs - this.#sampledMs)
    const offsetMs = theirMs - (askedMs + heardMs) / 2
    const agrees = Math.abs(offsetMs - this.#offsetMs) <= errorMs + knownErrorMs
    if (agrees && errorMs > knownErrorMs) return
    this.#errorMs = errorMs
    this.#sampledMs = heardMs
    this.#offsetMs = offsetMs
  }

  /** One of their times by our clock. */
  toOurs(theirMs: number): number {
    return theirMs - this.#offsetMs
  }

  /** One of our times by their clock; null before the first answer. */
  toTheirs(ourMs: number): number | null {
    return this.#errorMs === Number.POSITIVE_INFINITY ? null : ourMs + this.#offsetMs
  }
}
