import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import type { OffsetTracker } from '../commit/offset-tracker.ts'

/** A deferred share is taken up again when it holds no more than this part of what it may. */
const REFILL_PART = 0.5

/** Records of one kind within a partition, of which no kind may crowd out the others. */
export interface Share {
  readonly name: string
  /** Its buffered records, and how many of them a handler has. */
  held: number
  running: number
  /** At least as many of its records are deferred: it may be more than there are once some have left the log. */
  deferred: number
  /** None of them lies below. */
  from: number
}

/** An answer to be looked through for deferred records. */
interface Scan {
  /** Whose turn it is. */
  readonly chosen: Share | undefined
  /** Shares of which no deferred record lies before what was looked at so far, and that may take more. */
  readonly taking: Set<Share>
  /** The first offset not looked at. */
  at: number
}

export interface ShareBounds {
  readonly shareOf: (record: ConsumedRecord) => string
  readonly recordsPerShareMax: number
}

/**
 * Divides a partition's buffer into shares, and remembers which were deferred.
 *
 * A share holds at most `recordsPerShareMax` records, and no more than there is room left for others besides: so few
 * heavy shares never fill a buffer, and a new one always finds room (the dynamic threshold of Choudhury and Hahne,
 * 1998). What a share may not take is deferred: its offset is remembered, nothing else. From then on all that comes of
 * the share is deferred, so that its records stay in order, until what was deferred has been fetched again and taken,
 * lowest offsets first. Shares with room are served round-robin, each from its own first deferred record.
 */
export class PartitionShares {
  readonly #tracker: OffsetTracker<object>
  readonly #bounds: ShareBounds
  /** Those with buffered or deferred records. */
  readonly #shares = new Map<string, Share>()
  /** Those with deferred records, in the order in which they are served. */
  readonly #deferring = new Set<Share>()
  #scan: Scan | null = null
  #isAwaited = false

  constructor(tracker: OffsetTracker<object>, bounds: ShareBounds) {
    this.#tracker = tracker
    this.#bounds = bounds
  }

  /** Takes a record that is read for the first time, or defers it and returns null. `room`: records that may be taken. */
  admit(record: ConsumedRecord, room: number): Share | null {
    const share = this.#shareOf(record)
    if (share.deferred > 0 || share.held >= this.#boundFor(room)) {
      if (share.deferred++ === 0) {
        share.from = record.offset
        this.#deferring.add(share)
      }
      this.#tracker.defer(record.offset)
      return null
    }
    share.held++
    return share
  }

  /** A record is no longer buffered. */
  leave(share: Share, room: number): void {
    share.held--
    if (share.deferred > 0 && this.#mayRefill(share, room)) this.#isAwaited = true
    this.#forgetIdle(share)
  }

  /** Whether a share got room for what was deferred of it since the last call. */
  takeAwaited(): boolean {
    const isAwaited = this.#isAwaited
    this.#isAwaited = false
    return isAwaited
  }

  /** Where to fetch again for the deferred share whose turn it is; null if none has room. */
  refillOffset(room: number): number | null {
    return this.#nextServed(room)?.from ?? null
  }

  /** An answer fetched from `start` is about to be looked through. */
  beginScan(start: number, room: number): void {
    const bound = this.#boundFor(room)
    const taking = [...this.#deferring].filter(({ from, held }) => from >= start && held < bound)
    this.#scan = { chosen: taking.find(({ from }) => from === start), taking: new Set(taking), at: start }
  }

  /** Takes a record of the answer that was deferred, if its share may have it now. */
  admitDeferred(record: ConsumedRecord, room: number): Share | null {
    const scan = this.#scan
    if (!scan || scan.taking.size === 0) return null
    this.#lookUpTo(scan, record.offset)
    if (!this.#tracker.isDeferred(record.offset)) return this.#passOver(scan, record)
    const share = this.#shareOf(record)
    if (!scan.taking.has(share)) return this.#passOver(scan, record)
    if (share.held >= this.#boundFor(room)) {
      share.from = record.offset
      scan.taking.delete(share)
      return scan.taking.size > 0 ? this.#passOver(scan, record) : null
    }
    scan.at = record.offset + 1
    share.from = scan.at
    share.held++
    if (--share.deferred === 0) this.#allTaken(share)
    return share
  }

  /** Whether the rest of the answer need not be looked through. */
  get isScanOver(): boolean {
    return !this.#scan || this.#scan.taking.size === 0
  }

  /** The answer was searched, and covers all offsets below `end`. `frontOffset`: read up to there at first. */
  endScan(end: number, frontOffset: number): void {
    const scan = this.#scan
    this.#scan = null
    if (!scan) return
    if (scan.taking.size > 0) this.#lookUpTo(scan, end)
    for (const share of scan.taking) {
      share.from = Math.max(share.from, end)
      // All of it was looked through: what is missing has left the log.
      if (share.from >= frontOffset) this.#allTaken(share)
    }
    if (scan.chosen && this.#deferring.delete(scan.chosen)) this.#deferring.add(scan.chosen)
    this.#settle()
  }

  /** The log begins there now: what was deferred below is gone. */
  dropBelow(logStartOffset: number): void {
    if (this.#deferring.size === 0 || logStartOffset <= this.#tracker.watermark) return
    this.#tracker.dropDeferred(0, logStartOffset)
    for (const share of this.#deferring) share.from = Math.max(share.from, logStartOffset)
    this.#settle()
  }

  #shareOf(record: ConsumedRecord): Share {
    const name = this.#bounds.shareOf(record)
    let share = this.#shares.get(name)
    if (!share) {
      share = { name, held: 0, running: 0, deferred: 0, from: 0 }
      this.#shares.set(name, share)
    }
    return share
  }

  #boundFor(room: number): number {
    return Math.min(this.#bounds.recordsPerShareMax, room)
  }

  #mayRefill({ held }: Share, room: number): boolean {
    const bound = this.#boundFor(room)
    return held < bound && held <= bound * REFILL_PART
  }

  #nextServed(room: number): Share | null {
    for (const share of this.#deferring) if (this.#mayRefill(share, room)) return share
    return null
  }

  #passOver(scan: Scan, record: ConsumedRecord): null {
    scan.at = record.offset + 1
    return null
  }

  /** Between the records that an answer holds there are none: what was deferred there is gone. */
  #lookUpTo(scan: Scan, offset: number): void {
    this.#tracker.dropDeferred(scan.at, offset)
    scan.at = offset
  }

  #allTaken(share: Share): void {
    share.deferred = 0
    this.#deferring.delete(share)
    this.#scan?.taking.delete(share)
    this.#forgetIdle(share)
  }

  #settle(): void {
    if (this.#tracker.deferred === 0) for (const share of this.#deferring) this.#allTaken(share)
  }

  #forgetIdle(share: Share): void {
    if (share.held === 0 && share.deferred === 0) this.#shares.delete(share.name)
  }
}
