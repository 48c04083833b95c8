import type { Gate, Permit, Reopened } from './gate.ts'

const AT_ONCE: Permit = { untilMs: 0, due: async () => true }

const PAUSE_MS_FIRST = 250
const PAUSE_MS_MAX = 8_000

/**
 * For an operator without an agreed pace: all goes, but when it throttles, this worker pauses, twice as long each time
 * that it throttles again soon after.
 */
export class PausingGate implements Gate {
  readonly #reopened: Reopened
  #pauseMs = 0
  #untilMs = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(reopened: Reopened) {
    this.#reopened = reopened
  }

  take(): Permit | null {
    return Date.now() >= this.#untilMs ? AT_ONCE : null
  }

  throttled(): void {
    const nowMs = Date.now()
    if (this.#stopped || nowMs < this.#untilMs) return
    // Answers to what was under way when the pause began are no news.
    const isSoon = nowMs - this.#untilMs < 2 * Math.max(this.#pauseMs, PAUSE_MS_FIRST)
    this.#pauseMs = isSoon ? Math.min(PAUSE_MS_MAX, this.#pauseMs * 2) : PAUSE_MS_FIRST
    this.#untilMs = nowMs + this.#pauseMs * (0.75 + Math.random() / 2)
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#reopened(), this.#untilMs - nowMs + 1)
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }
}
