import type { Gate, Permit, Reopened } from './gate.ts'

const AT_ONCE: Permit = { untilMs: 0, due: async () => true }

const PAUSE_MS_FIRST = 200
const PAUSE_MS_MAX = 8_000

/**
 * For an operator without an agreed pace: all goes, but when it throttles, this worker pauses. The pause is twice as long as
 * the one before when at least half of what was submitted in between was throttled, else as long as the first: some
 * operators throttle now and then, whatever the pace.
 */
export class PausingGate implements Gate {
  readonly #reopened: Reopened
  #pauseMs = 0
  #untilMs = 0
  /** Parts let through, and throttled, since the last pause began. */
  #taken = 0
  #throttled = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(reopened: Reopened) {
    this.#reopened = reopened
  }

  take(cost: number): Permit | null {
    if (Date.now() < this.#untilMs) return null
    this.#taken += cost
    return AT_ONCE
  }

  throttled(): void {
    const nowMs = Date.now()
    this.#throttled++
    // Answers to what was under way when the pause began are no news.
    if (this.#stopped || nowMs < this.#untilMs) return
    const isMostly = this.#throttled * 2 >= this.#taken
    this.#pauseMs = isMostly && this.#pauseMs > 0 ? Math.min(PAUSE_MS_MAX, this.#pauseMs * 2) : PAUSE_MS_FIRST
    this.#untilMs = nowMs + this.#pauseMs * (0.75 + Math.random() / 2)
    this.#taken = this.#throttled = 0
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#reopened(), this.#untilMs - nowMs + 1)
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }
}
