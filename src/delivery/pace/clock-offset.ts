/** What clocks may drift apart, in milliseconds for each millisecond that passes. */
const DRIFT = 1e-4

/**
 * How far another clock is from ours, by answers that carry its time. An answer's time lies somewhere between asking
 * and hearing, so the quickest answer knows best; what it knows fades as the clocks drift.
 */
export class ClockOffset {
  #offsetMs = 0
  #errorMs = Number.POSITIVE_INFINITY
  #sampledMs = 0

  /** An answer that was asked for at `askedMs`, heard at `heardMs`, by our clock, and given at `theirMs`, by theirs. */
  sample(askedMs: number, heardMs: number, theirMs: number): void {
    const errorMs = (heardMs - askedMs) / 2
    if (errorMs > this.#errorMs + DRIFT * (heardMs - this.#sampledMs)) return
    this.#errorMs = errorMs
    this.#sampledMs = heardMs
    this.#offsetMs = theirMs - (askedMs + heardMs) / 2
  }

  /** One of their times by our clock. */
  toOurs(theirMs: number): number {
    return theirMs - this.#offsetMs
  }
}
