import { backoffMs } from './backoff.ts'
import type { Log } from './log.ts'

export interface RepeatedFailureOptions {
  /** What is tried, as a noun phrase: `receipt lookup`. */
  readonly what: string
  readonly log: Pick<Log, 'warn' | 'info'>
  readonly waitMsFirst?: number
  readonly waitMsMax?: number
  /** A process whose work has failed for so long is not ready. */
  readonly notReadyAfterMs?: number
  readonly now?: () => number
}

/**
 * What a loop does about its failures: growing waits, a log line that names what is tried, since when and why (the first
 * failure, then each time their number has doubled), and a health check that fails while the work makes no progress.
 */
export class RepeatedFailure {
  readonly #options: Required<RepeatedFailureOptions>
  #failures = 0
  #sinceMs = 0
  #cause = ''

  constructor(options: RepeatedFailureOptions) {
    this.#options = { waitMsFirst: 250, waitMsMax: 15_000, notReadyAfterMs: 30_000, now: Date.now, ...options }
  }

  /** Counts a failure. Returns how many milliseconds to wait before the next try. `fields` go into the log line. */
  failed(error: unknown, fields: Readonly<Record<string, unknown>> = {}): number {
    const { what, log, now, waitMsFirst, waitMsMax } = this.#options
    if (this.#failures === 0) this.#sinceMs = now()
    this.#failures++
    this.#cause = error instanceof Error ? error.message : String(error)
    const waitMs = Math.round(backoffMs(this.#failures, waitMsFirst, waitMsMax))
    const isPowerOfTwo = (this.#failures & (this.#failures - 1)) === 0
    if (isPowerOfTwo) {
      const since = new Date(this.#sinceMs).toISOString()
      log.warn({ err: error, failures: this.#failures, since, wait_ms: waitMs, ...fields }, `${what} failed; retrying`)
    }
    return waitMs
  }

  succeeded(): void {
    if (this.#failures === 0) return
    const { what, log, now } = this.#options
    log.info({ failures: this.#failures, after_ms: now() - this.#sinceMs }, `${what} recovered`)
    this.#failures = 0
  }

  /** A health check: throws while the work has failed for `notReadyAfterMs` and longer. */
  readonly check = (): void => {
    if (this.#failures === 0) return
    const { what, now, notReadyAfterMs } = this.#options
    const forMs = now() - this.#sinceMs
    if (forMs >= notReadyAfterMs)
      throw new Error(`${what} has failed for ${Math.round(forMs / 1_000)} s: ${this.#cause}`)
  }
}
