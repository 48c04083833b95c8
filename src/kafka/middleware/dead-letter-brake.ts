/**
 * How many dead letters may be for no fault of their records, and when to try again once there were too many. Times in
 * milliseconds; every `nowMs` is of a clock that never steps, `performance.now()`.
 */
export interface BrakeRules {
  /** Within this time at most so many dead letters. */
  readonly windowMs: number
  readonly deadLettersMax: number
  /**
   * Records that must have been handled well lately, within twice that time at most, for each dead letter beyond the
   * first.
   */
  readonly donePerDeadLetter: number
  /** While braked, one record is tried after each wait; the waits double up to the longest. */
  readonly probeMsFirst: number
  readonly probeMsMax: number
  /** While braked and no try succeeds, one dead letter is published after each of these waits, which double as well. */
  readonly deadLetterMsFirst: number
  readonly deadLetterMsMax: number
}

const RULES: BrakeRules = {
  windowMs: 60_000,
  deadLettersMax: 5,
  donePerDeadLetter: 2,
  probeMsFirst: 1_000,
  probeMsMax: 30_000,
  deadLetterMsFirst: 60_000,
  deadLetterMsMax: 3_600_000,
}

/** Whether a record may be handed to its handler: `go`, or not before `untilMs`. */
export type BrakeVerdict = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly untilMs: number }

const GO: BrakeVerdict = { kind: 'go' }

/**
 * Keeps a fault of the gateway from carrying a whole topic to the dead letters.
 *
 * A dead letter is a verdict on its record (it is not of its form, the database refuses its values), or it is not: the
 * handler threw what it must not throw, or the record took too long. The brake ignores the former. Of
 * the latter a few are let through, as one poison record among good ones must not stop them; but where they are many,
 * or nothing else succeeds, the handler is what is broken.
 *
 * States:
 * - released: records are handled. A dead letter that the rules do not allow brakes.
 * - braked: records wait; one is tried after each of growing waits. The first that is done releases. As there may be
 *   nothing but poison left, a dead letter is published now and then, ever more rarely: an outage of a day costs some
 *   thirty, and no partition.
 */
export class DeadLetterBrake {
  readonly #rules: BrakeRules
  readonly #changed: (isBraked: boolean, cause: string) => void
  #deadLettersMs: number[] = []
  /** Records handled well in the window that began at `#windowMs`, and in the one before. */
  #done = 0
  #doneBefore = 0
  #windowMs = 0
  #brakedMs: number | null = null
  #probes = 0
  #probeAtMs = 0
  #deadLetterAtMs = 0
  #deadLetterWaitMs = 0
  #cause = ''

  /** `changed` is called when it brakes, with the error that made it, and when it releases. */
  constructor(changed: (isBraked: boolean, cause: string) => void = () => {}, rules: Partial<BrakeRules> = {}) {
    this.#changed = changed
    this.#rules = { ...RULES, ...rules }
  }

  /** Since when it brakes, and why; null while it does not. */
  get braked(): { readonly sinceMs: number; readonly cause: string } | null {
    return this.#brakedMs === null ? null : { sinceMs: this.#brakedMs, cause: this.#cause }
  }

  /** Before a record is handed over. While braked `go` is given to one record for each wait. */
  admit(nowMs: number): BrakeVerdict {
    if (this.#brakedMs === null) return GO
    if (nowMs < this.#probeAtMs) return { kind: 'wait', untilMs: this.#probeAtMs }
    const { probeMsFirst, probeMsMax } = this.#rules
    this.#probeAtMs = nowMs + Math.min(probeMsMax, probeMsFirst * 2 ** this.#probes)
    this.#probes++
    return GO
  }

  /** Records were handled well. */
  succeeded(records: number, nowMs: number): void {
    this.#rotateWindow(nowMs)
    this.#done += records
    if (this.#brakedMs === null) return
    this.#brakedMs = null
    this.#changed(false, this.#cause)
  }

  /** Whether a dead letter may be published that is no verdict on its record. Brakes if not. */
  allows(cause: string, nowMs: number): boolean {
    if (this.#brakedMs === null ? this.#isFew(nowMs) : nowMs >= this.#deadLetterAtMs) {
      this.#deadLettersMs.push(nowMs)
      if (this.#brakedMs !== null) this.#deferDeadLetter(nowMs)
      return true
    }
    if (this.#brakedMs === null) this.#brake(cause, nowMs)
    return false
  }

  #isFew(nowMs: number): boolean {
    const { windowMs, deadLettersMax, donePerDeadLetter } = this.#rules
    this.#rotateWindow(nowMs)
    this.#deadLettersMs = this.#deadLettersMs.filter((atMs) => nowMs - atMs < windowMs)
    const letters = this.#deadLettersMs.length
    return letters < deadLettersMax && this.#done + this.#doneBefore >= letters * donePerDeadLetter
  }

  #rotateWindow(nowMs: number): void {
    const { windowMs } = this.#rules
    const passedMs = nowMs - this.#windowMs
    if (passedMs < windowMs) return
    this.#doneBefore = passedMs < 2 * windowMs ? this.#done : 0
    this.#done = 0
    this.#windowMs = nowMs
  }

  #brake(cause: string, nowMs: number): void {
    this.#brakedMs = nowMs
    this.#cause = cause
    this.#probes = 0
    this.#probeAtMs = nowMs + this.#rules.probeMsFirst
    this.#deadLetterWaitMs = this.#rules.deadLetterMsFirst
    this.#deadLetterAtMs = nowMs + this.#deadLetterWaitMs
    this.#changed(true, cause)
  }

  #deferDeadLetter(nowMs: number): void {
    this.#deadLetterWaitMs = Math.min(this.#rules.deadLetterMsMax, this.#deadLetterWaitMs * 2)
    this.#deadLetterAtMs = nowMs + this.#deadLetterWaitMs
  }
}
