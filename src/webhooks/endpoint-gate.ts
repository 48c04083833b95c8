const FAILURES_MAX = 5
const CLOSED_MS = 30_000
const SLOW_MS = 2_000
/** How much the latest answer counts in the mean. */
const SHARE = 0.1
const IDLE_MAX = 10_000

interface Lane {
  underWay: number
  meanMs: number
  failures: number
  closedUntilMs: number
}

/**
 * Keeps a slow or broken endpoint from taking what others need: while its answers take long it has so many requests
 * under way at most, and after five failures in a row none for half a minute. What is turned away here is tried
 * later, from the table of retries.
 */
export class EndpointGate {
  readonly #slowRequestsMax: number
  readonly #lanes = new Map<string, Lane>()

  constructor(slowRequestsMax: number) {
    this.#slowRequestsMax = slowRequestsMax
  }

  /** Whether a request may go out now; if so it must be ended. */
  tryBegin(endpointId: string, nowMs: number): boolean {
    const lane = this.#laneOf(endpointId)
    if (lane.closedUntilMs > nowMs) return false
    if (lane.meanMs > SLOW_MS && lane.underWay >= this.#slowRequestsMax) return false
    lane.underWay++
    return true
  }

  end(endpointId: string, succeeded: boolean, tookMs: number, nowMs: number): void {
    const lane = this.#laneOf(endpointId)
    lane.underWay--
    lane.meanMs += (tookMs - lane.meanMs) * SHARE
    lane.failures = succeeded ? 0 : lane.failures + 1
    if (lane.failures >= FAILURES_MAX) lane.closedUntilMs = nowMs + CLOSED_MS
  }

  #laneOf(endpointId: string): Lane {
    let lane = this.#lanes.get(endpointId)
    if (!lane) {
      if (this.#lanes.size >= IDLE_MAX) this.#forgetIdle()
      lane = { underWay: 0, meanMs: 0, failures: 0, closedUntilMs: 0 }
      this.#lanes.set(endpointId, lane)
    }
    return lane
  }

  #forgetIdle(): void {
    for (const [endpointId, lane] of this.#lanes) if (lane.underWay === 0) this.#lanes.delete(endpointId)
  }
}
