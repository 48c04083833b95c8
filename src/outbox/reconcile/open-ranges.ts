/** Messages are looked through by the ten seconds in which they were accepted. */
export const RANGE_MS = 10_000
const REVISIT_MS_MAX = 6 * 3_600_000

interface Visit {
  readonly dueMs: number
  /** Acceptance of the oldest message that had not got on; null before the first visit. */
  readonly oldestMs: number | null
}

/**
 * Which ranges of time are to be looked through, and when. Each is once, when its messages are old enough to have got
 * on; one in which all have is closed for good, and another is visited again, ever more rarely, the older it is. So
 * each message is looked at a few times, however long a backlog lasts.
 */
export class OpenRanges {
  readonly #afterMs: number
  readonly #visits: Map<number, Visit>
  #nextMs: number

  /** Goes on from what `progress` gave; `afterMs` is how old messages must be. */
  constructor(afterMs: number, nextMs: number, openMs: readonly number[]) {
    this.#afterMs = afterMs
    this.#nextMs = Math.floor(nextMs / RANGE_MS) * RANGE_MS
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
    for (let added = 0; added < max && this.#nextMs + RANGE_MS <= nowMs - this.#afterMs; added++) {
      this.#visits.set(this.#nextMs, { dueMs: nowMs, oldestMs: null })
      this.#nextMs += RANGE_MS
    }
  }

  /** Starts of the ranges to look through now, those that wait longest first; none in which nothing can be told yet. */
  due(nowMs: number, settledMs: number): number[] {
    return [...this.#visits]
      .filter(([startMs, { dueMs }]) => dueMs <= nowMs && startMs < settledMs)
      .sort(([a, { dueMs: dueA }], [b, { dueMs: dueB }]) => dueA - dueB || a - b)
      .map(([startMs]) => startMs)
  }

  /** `oldestMs`: acceptance of the oldest message found that has not got on; null closes the range. */
  visited(startMs: number, oldestMs: number | null, nowMs: number): void {
    if (oldestMs === null) {
      this.#visits.delete(startMs)
      return
    }
    const waitMs = Math.min(REVISIT_MS_MAX, Math.max(this.#afterMs, (nowMs - startMs) / 4))
    this.#visits.set(startMs, { dueMs: nowMs + waitMs, oldestMs })
  }

  /** Lets go of ranges that began before. Returns the starts of those in which messages had not got on. */
  forget(beforeMs: number): number[] {
    const gone = [...this.#visits].filter(([startMs]) => startMs < beforeMs)
    for (const [startMs] of gone) this.#visits.delete(startMs)
    this.#nextMs = Math.max(this.#nextMs, Math.floor(beforeMs / RANGE_MS) * RANGE_MS)
    return gone.map(([startMs]) => startMs)
  }
}
