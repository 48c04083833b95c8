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
  /** Failures that come and go are logged no more often than that, with how many were not. */
  readonly linesApartMs?: number
  /** Of a clock that never steps. */
  readonly now?: () => number
}

/**
 * What a loop does about its failures: growing waits, a log line that names what is tried, since when and why (the first
 * failure, then each time their number has doubled; a few lines in ten seconds where failures and successes alternate), and a
 * health check that fails while the work makes no progress.
 */
export class RepeatedFailure {
  readonly #options: Required<RepeatedFailureOptions>
  #failures = 0
  #sinceMs = 0
  #cause = ''
  /** Whether the failures since the last success are in the log; when those were first that are; and how many are not. */
  #isLogged = false
  #loggedAtMs = Number.NEGATIVE_INFINITY
  #unlogged = 0

  constructor(options: RepeatedFailureOptions) {
    const now = (): number => performance.now()
    this.#options = {
      ...{ waitMsFirst: 250, waitMsMax: 15_000, notReadyAfterMs: 30_000, linesApartMs: 10_000, now },
      ...options,
    }
  }

  /** Counts a failure. Returns how many milliseconds to wait before the next try. `fields` go into the log line. */
  failed(error: unknown, fields: Readonly<Record<string, unknown>> = {}): number {
    const { now, waitMsFirst, waitMsMax } = this.#options
    if (this.#failures === 0) this.#sinceMs = now()
    this.#failures++
    this.#cause = error instanceof Error ? error.message : String(error)
    const waitMs = Math.round(backoffMs(this.#failures, waitMsFirst, waitMsMax))
    if (this.#isDue()) this.#write(error, { wait_ms: waitMs, ...fields })
    return waitMs
  }

  succeeded(): void {
    if (this.#failures === 0) return
    const { what, log, now } = this.#options
    if (this.#isLogged) {
      log.info({ failures: this.#failures, after_ms: Math.round(now() - this.#sinceMs) }, `${what} recovered`)
    } else this.#unlogged += this.#failures
    this.#isLogged = false
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

  #isDue(): boolean {
    if (this.#isLogged) return (this.#failures & (this.#failures - 1)) === 0
    const { now, linesApartMs } = this.#options
    return now() - this.#loggedAtMs >= linesApartMs
  }

  #write(error: unknown, fields: object): void {
    const { what, log, now } = this.#options
    const nowMs = now()
    const since = new Date(Date.now() - (nowMs - this.#sinceMs)).toISOString()
    const unlogged = this.#unlogged > 0 ? { unlogged_failures: this.#unlogged } : {}
    log.warn({ err: error, failures: this.#failures, since, ...unlogged, ...fields }, `${what} failed; retrying`)
    if (!this.#isLogged) this.#loggedAtMs = nowMs
    this.#isLogged = true
    this.#unlogged = 0
  }
}
