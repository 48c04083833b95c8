import { OffsetSet } from './offset-set.ts'

/** A run of offsets, both ends included. */
export interface OffsetRange {
  readonly first: number
  readonly last: number
}

/**
 * Follows which records of a partition are done, and how far all of them are: the watermark, which is what may be
 * committed. Offsets are begun in rising order, with gaps where compaction or markers left some out, and completed in
 * any order. What is begun for an offset is kept until it is done, so that the record that holds the watermark back can
 * be found.
 *
 * An offset may be deferred instead: read, but neither begun nor done. It is begun late, below offsets that were begun
 * before it. Records and gaps are then no longer distinguished: counts are of offsets.
 */
export class OffsetTracker<T extends object> {
  #offsets: number[] = []
  /** What each offset was begun for; null once it is done. */
  #pending: (T | null)[] = []
  /** Index of the lowest incomplete record within the arrays, and how many were dropped in front of them. */
  #head = 0
  #dropped = 0
  #doneBeyond = 0
  #next: number
  /** Offsets that were deferred and are not done; null when the watermark has passed all that ever were. */
  #open: OffsetSet | null = null
  #lastDeferred = -1
  /** Those of them that are begun. */
  readonly #late = new Map<number, T>()

  constructor(startOffset: number) {
    this.#next = startOffset
  }

  /** The offset to commit: every record below it is done. */
  get watermark(): number {
    const watermark = this.#head < this.#offsets.length ? this.#offsets[this.#head]! : this.#next
    return this.#open === null ? watermark : Math.min(watermark, this.#open.first)
  }

  /** Records read and not yet below the watermark, done or not. */
  get span(): number {
    return this.#open === null ? this.#offsets.length - this.#head : this.#next - this.watermark
  }

  /** Records of the span that are done: the gap between what is finished and what may be committed. */
  get doneBeyond(): number {
    if (this.#open === null) return this.#doneBeyond
    return this.span - this.#open.size - (this.#offsets.length - this.#head - this.#doneBeyond)
  }

  /** Offsets that are deferred. */
  get deferred(): number {
    return this.#open === null ? 0 : this.#open.size - this.#late.size
  }

  /** What holds the watermark back; null also when that is deferred. */
  get first(): T | null {
    const first = this.#pending[this.#head] ?? null
    if (this.#open === null || (first && this.#offsets[this.#head]! < this.#open.first)) return first
    return this.#late.get(this.#open.first) ?? null
  }

  /** What is begun and not done. */
  *pending(): Generator<T> {
    yield* this.#late.values()
    for (let index = this.#head; index < this.#pending.length; index++) {
      const each = this.#pending[index]
      if (each) yield each
    }
  }

  /** Notes that a record is buffered. Returns the ticket to complete it with, below zero for one that was deferred. */
  begin(offset: number, pending: T): number {
    if (offset < this.#next) {
      this.#late.set(offset, pending)
      return -1 - offset
    }
    this.#offsets.push(offset)
    this.#pending.push(pending)
    this.#next = offset + 1
    return this.#dropped + this.#offsets.length - 1
  }

  complete(ticket: number): void {
    if (ticket < 0) {
      this.#late.delete(-1 - ticket)
      this.#close(this.#open!, -1 - ticket)
      return
    }
    this.#pending[ticket - this.#dropped] = null
    this.#doneBeyond++
    const { length } = this.#pending
    while (this.#head < length && this.#pending[this.#head] === null) {
      this.#head++
      this.#doneBeyond--
    }
    if (this.#open !== null) this.#settle(this.#open)
    if (this.#head === length) this.#clear()
    else if (this.#head > 4_096 && this.#head * 2 > length) this.#compact()
  }

  /** Begins and completes at once. */
  pass(offset: number): void {
    this.#next = offset + 1
    if (this.#head === this.#offsets.length) return
    this.#offsets.push(offset)
    this.#pending.push(null)
    this.#doneBeyond++
  }

  /** Offsets without records up to here were skipped (markers, compaction): the watermark may pass them. */
  skipTo(nextOffset: number): void {
    if (nextOffset > this.#next) this.#next = nextOffset
  }

  /** Notes that a record is read and left for later. */
  defer(offset: number): void {
    this.#open ??= new OffsetSet()
    this.#open.add(offset)
    this.#lastDeferred = offset
    this.#next = offset + 1
  }

  isDeferred(offset: number): boolean {
    return this.#open !== null && !this.#late.has(offset) && this.#open.has(offset)
  }

  /** Deferred records of these offsets are not in the log any more, `to` not included. */
  dropDeferred(from: number, to: number): void {
    if (this.#open === null || to <= this.#open.first) return
    for (let offset = this.#open.next(from); offset < to; offset = this.#open?.next(offset + 1) ?? to) {
      if (!this.#late.has(offset)) this.#close(this.#open, offset)
    }
  }

  /**
   * What is done beyond the watermark, as runs in rising order, the lowest `runsMax` of them. Neighbouring records
   * merge across gaps in offsets.
   */
  doneBeyondWatermark(runsMax = Number.POSITIVE_INFINITY): OffsetRange[] {
    if (this.#open !== null) return this.#doneBetween(this.#open, runsMax)
    const ranges: OffsetRange[] = []
    if (this.#doneBeyond === 0) return ranges
    let first = -1
    let last = -1
    for (let index = this.#head; index < this.#offsets.length; index++) {
      if (this.#pending[index] === null) {
        if (first < 0) first = this.#offsets[index]!
        last = this.#offsets[index]!
      } else if (first >= 0) {
        ranges.push({ first, last })
        first = -1
      }
    }
    if (first >= 0) ranges.push({ first, last })
    return ranges
  }

  /** All that was read is done but for what is open, and what is begun in the order of its offsets. */
  #doneBetween(open: OffsetSet, runsMax: number): OffsetRange[] {
    const ranges: OffsetRange[] = []
    let index = this.#head
    const nextBegun = (from: number): number => {
      while (index < this.#offsets.length && (this.#offsets[index]! < from || this.#pending[index] === null)) index++
      return this.#offsets[index] ?? this.#next
    }
    for (let first = this.watermark; ranges.length < runsMax; ) {
      while (first < this.#next) {
        if (open.has(first)) first = open.nextMissing(first)
        else if (nextBegun(first) === first) first++
        else break
      }
      if (first >= this.#next) break
      const end = Math.min(open.next(first), nextBegun(first), this.#next)
      ranges.push({ first, last: end - 1 })
      first = end
    }
    return ranges
  }

  #close(open: OffsetSet, offset: number): void {
    open.delete(offset)
    this.#settle(open)
  }

  /** Until then the arrays do not say which of the deferred offsets are done. */
  #settle(open: OffsetSet): void {
    if (open.size === 0 && this.watermark > this.#lastDeferred) this.#open = null
  }

  #clear(): void {
    this.#dropped += this.#offsets.length
    this.#offsets.length = 0
    this.#pending.length = 0
    this.#head = 0
  }

  #compact(): void {
    this.#offsets = this.#offsets.slice(this.#head)
    this.#pending = this.#pending.slice(this.#head)
    this.#dropped += this.#head
    this.#head = 0
  }
}
