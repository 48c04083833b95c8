/** What an endpoint may have in flight before it has answered. */
export const WINDOW_FIRST = 8
/** An answer that takes longer is slow. */
const SLOW_MS = 2_000
/** Without any success for so long while posts are in flight, and for twice its usual time, an endpoint has stalled. */
const STALL_MS = 1_000
const FAILURES_MAX = 5
const CLOSED_MS_FIRST = 15_000
const CLOSED_MS_MAX = 300_000
/** How much the latest answer counts in the mean. */
const MEAN_SHARE = 0.2

/**
 * How one endpoint fares, and so how much it may have in flight: a window that grows by one with each quick success and is
 * halved by each failure. It judges what is in flight and not only what has ended: an endpoint that hangs is left alone
 * after a second, long before its first post times out. After five failures in a row its circuit breaker opens, for a
 * time that doubles; one post then probes it. Times are milliseconds of a monotonic clock.
 */
export class PostLane {
  inFlight = 0
  #window = WINDOW_FIRST
  #failures = 0
  #closedUntilMs = 0
  #meanMs = 0
  /** The last success, or the begin of the first post since nothing was in flight. */
  #progressMs = 0
  #isProven = false

  /** Whether its last answer was a quick success, and it has not stalled since. */
  isProven(nowMs: number): boolean {
    return this.#isProven && !this.hasStalled(nowMs)
  }

  /** Whether nothing may be posted, and nothing is to wait for it either. */
  isClosed(nowMs: number): boolean {
    return nowMs < this.#closedUntilMs || this.hasStalled(nowMs)
  }

  /** Whether posts are in flight, and none has succeeded for longer than is usual for it. */
  hasStalled(nowMs: number): boolean {
    return this.inFlight > 0 && nowMs - this.#progressMs > Math.max(STALL_MS, 2 * this.#meanMs)
  }

  get window(): number {
    return this.#window
  }

  /** Nothing in flight and nothing to remember. */
  isIdle(nowMs: number): boolean {
    return this.inFlight === 0 && this.#failures === 0 && nowMs - this.#progressMs > CLOSED_MS_MAX
  }

  begin(nowMs: number): void {
    if (this.inFlight === 0) this.#progressMs = nowMs
    this.inFlight++
  }

  succeeded(tookMs: number, nowMs: number, windowMax: number): void {
    const isQuick = tookMs <= SLOW_MS
    this.#progressMs = nowMs
    this.#meanMs += (tookMs - this.#meanMs) * MEAN_SHARE
    this.#failures = 0
    this.#closedUntilMs = 0
    this.#isProven = isQuick
    // A slow one works: it keeps its window, or gets back what it began with.
    this.#window = Math.min(windowMax, isQuick ? this.#window + 1 : Math.max(this.#window, WINDOW_FIRST))
  }

  failed(nowMs: number): void {
    this.#isProven = false
    this.#failures++
    this.#window = Math.max(1, this.#window >> 1)
    const doublings = this.#failures - FAILURES_MAX
    if (doublings >= 0)
      this.#closedUntilMs = nowMs + Math.min(CLOSED_MS_MAX, CLOSED_MS_FIRST * 2 ** Math.min(doublings, 10))
  }
}
