/** The end of a log, and when it was first and last seen there. */
interface End {
  readonly offset: number
  firstMs: number
  lastMs: number
}

export interface RecordAge {
  readonly ms: number
  /** The record is older than all that was seen, so this is what its rate suggests. */
  readonly isExtrapolated: boolean
}

/** What neighbours may lie apart, as a share of their age; keeps ages within 20 % whatever the traffic. */
const GAP_SHARE_MAX = 0.15
/** With the share above, the ends of a week take about 170. */
const ENDS_MAX = 256
/** A rate that was seen for a while says nothing of what was long before. */
const EXTRAPOLATED_SPANS_MAX = 2

/**
 * When the records of a partition were produced, learned by looking at the end of its log again and again. Between two
 * sights records are taken to have come evenly, and a time when the end did not move is one when none came. What is
 * seen is thinned with age, so that a small table goes far back.
 */
export class ProductionTimes {
  readonly #ends: End[] = []

  /** Whether a record lies within what was seen. */
  covers(offset: number): boolean {
    return this.#ends.length > 0 && offset >= this.#ends[0]!.offset
  }

  /** The log ended at this offset then. An end before the last one is that of another log under the same name. */
  observe(endOffset: number, atMs: number): void {
    const last = this.#ends.at(-1)
    if (last && endOffset < last.offset) this.#ends.length = 0
    if (last && endOffset === last.offset) last.lastMs = atMs
    else this.#ends.push({ offset: endOffset, firstMs: atMs, lastMs: atMs })
    this.#thin(atMs)
  }

  /** A record that is older than all that was seen was stamped then. */
  remember(offset: number, producedMs: number): void {
    if (this.covers(offset)) return
    const first = this.#ends[0]
    const ms = Math.min(producedMs, first?.firstMs ?? producedMs)
    if (first?.offset === offset + 1) first.firstMs = ms
    else this.#ends.unshift({ offset: offset + 1, firstMs: ms, lastMs: ms })
    this.#ends.unshift({ offset, firstMs: ms, lastMs: ms })
  }

  /** How long ago the record at an offset was produced; null when nothing was seen yet. */
  ageOf(offset: number, nowMs: number): RecordAge | null {
    const [first, last] = [this.#ends[0], this.#ends.at(-1)]
    if (!first || !last) return null
    if (offset >= last.offset) return { ms: Math.max(0, nowMs - last.lastMs), isExtrapolated: false }
    if (offset < first.offset) return { ms: this.#extrapolate(first, last, offset, nowMs), isExtrapolated: true }
    const after = this.#ends.findIndex((end) => end.offset > offset)
    const [from, to] = [this.#ends[after - 1]!, this.#ends[after]!]
    const share = (offset - from.offset + 0.5) / (to.offset - from.offset)
    const producedMs = from.lastMs + share * (to.firstMs - from.lastMs)
    return { ms: Math.max(0, nowMs - producedMs), isExtrapolated: false }
  }

  #extrapolate(first: End, last: End, offset: number, nowMs: number): number {
    const seenMs = nowMs - first.firstMs
    const perMs = (last.offset - first.offset) / Math.max(1, last.lastMs - first.firstMs)
    const beforeMs = perMs === 0 ? 0 : (first.offset - offset) / perMs
    return Math.min(seenMs + beforeMs, Math.max(seenMs, EXTRAPOLATED_SPANS_MAX * seenMs))
  }

  /** Takes out ends whose neighbours lie so close together, for their age, that nothing is lost. */
  #thin(nowMs: number): void {
    for (let at = this.#ends.length - 2; at > 0; at--) {
      const [before, after] = [this.#ends[at - 1]!, this.#ends[at + 1]!]
      const gapMs = after.firstMs - before.lastMs
      if (gapMs <= GAP_SHARE_MAX * (nowMs - after.firstMs)) this.#ends.splice(at, 1)
    }
    while (this.#ends.length > ENDS_MAX) this.#ends.shift()
  }
}
