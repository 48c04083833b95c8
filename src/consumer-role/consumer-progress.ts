/** How long records may be in flight, and fail, before a process that gets none of them done is not ready. */
const STILL_MS_MAX = 60_000

/**
 * Whether a consumer makes progress: not while it has records, gets none done, and its handlers or the bytes that it is
 * sent fail. Records that only wait (for an operator's pace, for their time) are no fault of the process.
 */
export class ConsumerProgress {
  readonly #now: () => number
  #failures = 0
  #failingSinceMs = 0
  #cause = ''
  #recordsBuffered = 0
  #isBlocked = false

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  failed(error: unknown): void {
    if (this.#failures === 0) this.#failingSinceMs = this.#now()
    this.#failures++
    this.#cause = error instanceof Error ? error.message : String(error)
  }

  completed(): void {
    this.#failures = 0
  }

  /** `isBlocked`: some partition cannot be fetched as what was sent of it is damaged. */
  measured(recordsBuffered: number, isBlocked: boolean): void {
    this.#recordsBuffered = recordsBuffered
    this.#isBlocked = isBlocked
  }

  /** A health check: throws while no progress is made. */
  readonly check = (): void => {
    if (this.#failures === 0 || (this.#recordsBuffered === 0 && !this.#isBlocked)) return
    const forMs = this.#now() - this.#failingSinceMs
    if (forMs < STILL_MS_MAX) return
    throw new Error(`no record was handled for ${Math.round(forMs / 1_000)} s: ${this.#cause}`)
  }
}
