const REVISIT_MS_MAX = 6 * 3_600_000

export interface RangeRules {
  readonly rangeMs: number
  /** How old messages must be. */
  readonly afterMs: number
  /** Of its age, after how much more an open range is visited again. */
  readonly revisitShare: number
}

interface Visit {
  readonly dueMs: number
  /** Acceptance of the oldest message that had not got on; null before the first visit. */
  readonly oldestMs: number | null
}

/**
 * Which ranges of acceptance are to be looked through, and when. Each is once, when its messages are old enough to have got
 * on; one in which all have is closed for good, and another is visited again, ever more rarely, the older it is. So
 * each message is looked at a few times, however long a backlog lasts.
 */
export class OpenRanges {
  readonly #rules: RangeRules
  readonly #visits: Map<number, Visit>
  #nextMs: number

  /** Goes on from what `progress` gave. */
  constructor(rules: RangeRules, nextMs: number, openMs: readonly number[]) {
    this.#rules = rules
    this.#nextMs = Math.floor(nextMs / rules.rangeMs) * rules.rangeMs
    this.#visits = new Map(openMs.map((startMs) => [startMs, { dueMs: 0, oldestMs: null }]))
  }

  /** What must be kept to go on after a restart. */
  get progress(): { nextMs: number; openMs: number[] } {
    return { nextMs: this.#nextMs, openMs: [...this.#visits.keys()] }
  }

  /** Acceptance of the oldest message that is known not to have got on. */
  get oldestMs(): number | null {
    let oldestMs: number | null = null
    for (const visit of this.#visits.values()) {
      if (visit.oldestMs !== null) oldestMs = Math.min(oldestMs ?? visit.oldestMs, visit.oldestMs)
    }
    return oldestMs
  }

  /** Takes in the ranges whose messages have become old enough, at most `max` at once. */
  extend(nowMs: number, max: number): void {
    const { rangeMs, afterMs } = this.#rules
    for (let added = 0; added < max && this.#nextMs + rangeMs <= nowMs - afterMs; added++) {
      this.#visits.set(this.#nextMs, { dueMs: nowMs, oldestMs: null })
      this.#nextMs += rangeMs
    }
  }

  /** Starts of the ranges to look through now, those that wait longest first; none in which nothing can be told yet. */
  due(nowMs: number, settledMs: number): number[] {
    return [...this.#visits]
      .filter(([startMs, { dueMs }]) => dueMs <= nowMs && startMs < settledMs)
      .sort(([a, { dueMs: dueA }], [b, { dueMs: dueB }]) => dueA - dueB || a - b)
      .map(([startMs]) => startMs)
  }

  /**
   * `oldestMs`: acceptance of the oldest message found that has not got on; null closes the range. `dueMsMax`: when it is
   * to be visited again at the latest.
   */
  visited(startMs: number, oldestMs: number | null, nowMs: number, dueMsMax = Number.POSITIVE_INFINITY): void {
    if (oldestMs === null) {
      this.#visits.delete(startMs)
      return
    }
    const { afterMs, revisitShare } = this.#rules
    const waitMs = Math.min(REVISIT_MS_MAX, Math.max(afterMs, (nowMs - startMs) * revisitShare))
    this.#visits.set(startMs, { dueMs: Math.min(dueMsMax, nowMs + waitMs), oldestMs })
  }

  /** Lets go of ranges that began before. Returns the starts of those in which messages had not got on. */
  forget(beforeMs: number): number[] {
    const gone = [...this.#visits].filter(([startMs]) => startMs < beforeMs)
    for (const [startMs] of gone) this.#visits.delete(startMs)
    const { rangeMs } = this.#rules
    this.#nextMs = Math.max(this.#nextMs, Math.floor(beforeMs / rangeMs) * rangeMs)
    return gone.map(([startMs]) => startMs)
  }
}
