/** A run of offsets, both ends included. */
export interface OffsetRange {
  readonly first: number
  readonly last: number
}

/**
 * Follows which records of a partition are done, and how far all of them are: the watermark, which is what may be
 * committed. Offsets are begun in rising order, with gaps where compaction or markers left some out, and completed
 * in any order.
 */
export class OffsetTracker {
  #offsets: number[] = []
  #done: boolean[] = []
  /** Index of the lowest incomplete record within the arrays, and how many were dropped in front of them. */
  #head = 0
  #dropped = 0
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

  /** Notes that a record is in hand. Returns the ticket to complete it with. */
  begin(offset: number): number {
    this.#offsets.push(offset)
    this.#done.push(false)
    this.#next = offset + 1
    return this.#dropped + this.#offsets.length - 1
  }

  complete(ticket: number): void {
    this.#done[ticket - this.#dropped] = true
    while (this.#head < this.#done.length && this.#done[this.#head]) this.#head++
    if (this.#head > 4_096 && this.#head * 2 > this.#offsets.length) this.#compact()
  }

  /** Offsets without records up to here were skipped (markers, compaction): the watermark may pass them. */
  skipTo(nextOffset: number): void {
    if (nextOffset > this.#next) this.#next = nextOffset
  }

  /** What is done beyond the watermark, as runs in rising order. Neighbouring records merge across gaps in offsets. */
  doneBeyondWatermark(): OffsetRange[] {
    const ranges: OffsetRange[] = []
    let first = -1
    let last = -1
    for (let index = this.#head; index < this.#offsets.length; index++) {
      if (this.#done[index]) {
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

  #compact(): void {
    this.#offsets = this.#offsets.slice(this.#head)
    this.#done = this.#done.slice(this.#head)
    this.#dropped += this.#head
    this.#head = 0
  }
}
