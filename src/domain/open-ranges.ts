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
  /** When the oldest message that had made no progress was accepted; null before the first visit. */
  readonly oldestMs: number | null
}

/**
 * Which ranges of acceptance times are to be scanned, and when. Each is scanned once when its messages are old enough
 * to have made progress; a range in which all have is closed for good, any other is visited again, ever more rarely,
 * the older it is. So each message is looked at a few times, however long a backlog lasts.
 */
export class OpenRanges {
  readonly #rules: RangeRules
  readonly #visits: Map<number, Visit>
  #nextMs: number

  /** Resumes from what `progress` returned. */
  constructor(rules: RangeRules, nextMs: number, openMs: readonly number[]) {
    this.#rules = rules
    this.#nextMs = Math.floor(nextMs / rules.rangeMs) * rules.rangeMs
    this.#visits = new Map(openMs.map((startMs) => [startMs, { dueMs: 0, oldestMs: null }]))
  }

  /** What must be stored to resume after a restart. */
  get progress(): { nextMs: number; openMs: number[] } {
    return { nextMs: this.#nextMs, openMs: [...this.#visits.keys()] }
  }

  /** When the oldest message that is known to have made no progress was accepted. */
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

  /**
   * Starts of the ranges to scan now, the longest overdue first; ranges that are too young for a verdict are left out.
   */
  due(nowMs: number, settledMs: number): number[] {
    return [...this.#visits]
      .filter(([startMs, { dueMs }]) => dueMs <= nowMs && startMs < settledMs)
      .sort(([a, { dueMs: dueA }], [b, { dueMs: dueB }]) => dueA - dueB || a - b)
      .map(([startMs]) => startMs)
  }

  /**
   * `oldestMs`: when the oldest message found without progress was accepted; null closes the range. `dueMsMax`: when
   * it is to be visited again at the latest.
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

  /** Forgets ranges that began earlier. Returns the starts of those that still had messages without progress. */
  forget(beforeMs: number): number[] {
    const gone = [...this.#visits].filter(([startMs]) => startMs < beforeMs)
    for (const [startMs] of gone) this.#visits.delete(startMs)
    const { rangeMs } = this.#rules
    this.#nextMs = Math.max(this.#nextMs, Math.floor(beforeMs / rangeMs) * rangeMs)
    return gone.map(([startMs]) => startMs)
  }
}
