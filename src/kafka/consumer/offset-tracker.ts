/** A run of offsets, both ends included. */
export interface OffsetRange {
  readonly first: number
  readonly last: number
}

/**
 * Follows which records of a partition are done, and how far all of them are: the watermark, which is what may be
 * committed. Offsets are begun in rising order, with gaps where compaction or markers left some out, and completed
 * in any order. What is begun for an offset is kept until it is done, so that whoever holds the watermark back can be
 * found.
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

  constructor(startOffset: number) {
    this.#next = startOffset
  }

  /** The offset to commit: every record below it is done. */
  get watermark(): number {
    return this.#head < this.#offsets.length ? this.#offsets[this.#head]! : this.#next
  }

  /** Records begun and not yet below the watermark, done or not. */
  get span(): number {
    return this.#offsets.length - this.#head
  }

  /** Records of the span that are done: the gap between what is finished and what may be committed. */
  get doneBeyond(): number {
    return this.#doneBeyond
  }

  /** What holds the watermark back. */
  get first(): T | null {
    return this.#pending[this.#head] ?? null
  }

  /** What is begun and not done, lowest first. */
  *pending(): Generator<T> {
    for (let index = this.#head; index < this.#pending.length; index++) {
      const each = this.#pending[index]
      if (each) yield each
    }
  }

  /** Notes that a record is in hand. Returns the ticket to complete it with. */
  begin(offset: number, pending: T): number {
    this.#offsets.push(offset)
    this.#pending.push(pending)
    this.#next = offset + 1
    return this.#dropped + this.#offsets.length - 1
  }

  complete(ticket: number): void {
    this.#pending[ticket - this.#dropped] = null
    this.#doneBeyond++
    const { length } = this.#pending
    while (this.#head < length && this.#pending[this.#head] === null) {
      this.#head++
      this.#doneBeyond--
    }
    if (this.#head === length) this.#clear()
    else if (this.#head > 4_096 && this.#head * 2 > length) this.#compact()
  }

  /** Begins and completes at once. */
  pass(offset: number): void {
    this.#next = offset + 1
    if (this.span === 0) return
    this.#offsets.push(offset)
    this.#pending.push(null)
    this.#doneBeyond++
  }

  /** Offsets without records up to here were skipped (markers, compaction): the watermark may pass them. */
  skipTo(nextOffset: number): void {
    if (nextOffset > this.#next) this.#next = nextOffset
  }

  /** What is done beyond the watermark, as runs in rising order. Neighbouring records merge across gaps in offsets. */
  doneBeyondWatermark(): OffsetRange[] {
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
