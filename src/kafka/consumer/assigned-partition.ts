import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import { type OffsetRange, OffsetTracker } from './commit/offset-tracker.ts'
import { HeldRecordOf } from './held-record.ts'
import { PartitionShares, type Share, type ShareBounds } from './lanes/partition-shares.ts'

/** A buffered record of a partition. */
export type HeldRecord = HeldRecordOf<AssignedPartition>

/** How a partition's hold is shared out. */
export interface SharedBuffer extends ShareBounds {
  readonly recordsPerPartitionMax: number
  readonly bytesPerPartitionMax: number
}

/** What a partition is begun with. */
export interface PartitionStart {
  /** Identity of the topic: one that was deleted and made again has another. */
  readonly topicId: string
  readonly offset: number
  /** What a predecessor had done beyond its watermark. */
  readonly doneBefore?: readonly OffsetRange[]
  /** Records count as done when they are buffered (`commit: 'enqueue'`). */
  readonly doneBuffered?: boolean
  /** Null: first come, first served. */
  readonly sharedBuffer?: SharedBuffer | null
}

/**
 * One partition during one assignment. A partition that comes back is a new object, so that what is still in flight for
 * an old one can never be taken for the new one's: it completes into an object that is never committed.
 */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly name: string
  readonly tracker: OffsetTracker<HeldRecord>
  readonly doneBuffered: boolean
  /** Null: first come, first served. */
  readonly shares: PartitionShares | null
  /** Where to fetch next; what was deferred lies before. */
  fetchOffset: number
  /** What was last committed, here or before this assignment. */
  committedOffset: number
  /** `completedRecords` as it was when the last commit was made. */
  doneAtCommit = 0
  /** End of what may be read, as last seen: no transaction is open before it. */
  stableEnd = -1
  /** Records beyond it, of transactions that may be open. */
  uncommittedRecords = 0
  /** How often in a row the same place could not be read. */
  damagedTries = 0
  logStartOffset = -1
  /** It was given up, and may be another member's: nothing of it is committed here any more. */
  isReleased = false
  /** Whether new records may still be handed out. */
  active = true
  /** Records of an answer are being handed over; what follows them must not be fetched before they are. */
  isHandingOver = false
  /** What was deferred was fetched last, so that what is new is fetched next. */
  isFrontDue = false
  /** Its buffer was full; it is fetched again when there is some room. */
  isHeldBack = false
  /** Not fetched before then: what came last could not be read. */
  blockedUntilMs = 0
  /** Records buffered and not done, and what they hold in memory. */
  bufferedRecords = 0
  bufferedBytes = 0
  /** Records that were handed to a handler and are not done. */
  begun = 0
  /** Records done in this assignment. */
  completedRecords = 0
  /** When a record was last seen done, to the second. */
  progressMs = 0
  /** Handlers under way. */
  running = 0
  readonly #sharedBuffer: SharedBuffer | null
  #progressSeen = 0
  #completedReported = 0
  #doneBefore: readonly OffsetRange[]
  #idle: (() => void)[] = []
  #resumed: (() => void) | null = null

  constructor(topic: string, partition: number, start: PartitionStart) {
    this.topic = topic
    this.partition = partition
    this.topicId = start.topicId
    this.name = `${topic}[${partition}]`
    this.tracker = new OffsetTracker(start.offset)
    this.fetchOffset = start.offset
    this.committedOffset = start.offset
    this.doneBuffered = start.doneBuffered ?? false
    this.#doneBefore = start.doneBefore ?? []
    this.#sharedBuffer = start.sharedBuffer ?? null
    this.shares = this.#sharedBuffer && new PartitionShares(this.tracker, this.#sharedBuffer)
  }

  /** Records between what is committed and the end of what may be read, as last seen; 0 before the first answer. */
  get lag(): number {
    return Math.max(0, this.stableEnd - this.committedOffset)
  }

  /** Records that may be taken into hand besides. */
  get room(): number {
    if (this.#sharedBuffer === null) return Number.POSITIVE_INFINITY
    const { recordsPerPartitionMax, bytesPerPartitionMax } = this.#sharedBuffer
    const free = Math.min(
      1 - this.bufferedRecords / recordsPerPartitionMax,
      1 - this.bufferedBytes / bytesPerPartitionMax,
    )
    return Math.ceil(free * recordsPerPartitionMax)
  }

  /**
   * Buffers a record. Null for one that a predecessor had done beyond its watermark, which is done, and for one that is
   * deferred because its share is used up.
   */
  hold(record: ConsumedRecord): HeldRecord | null {
    const isNew = this.shares === null || record.offset >= this.fetchOffset
    if (isNew && this.wasDoneBefore(record.offset)) {
      this.tracker.pass(record.offset)
      return null
    }
    let share = null
    if (this.shares) {
      share = isNew ? this.shares.admit(record, this.room) : this.shares.admitDeferred(record, this.room)
      if (share === null) return null
    }
    const held = new HeldRecordOf<AssignedPartition>(record, this)
    // Few of an answer are taken when others are deferred: they must not keep all of it in memory.
    if (this.shares && this.tracker.deferred > 0) held.detach()
    this.buffer(held, share)
    return held
  }

  /** Buffers a record that was handed to its handler as soon as it was read. */
  buffer(held: HeldRecord, share: Share | null = null): void {
    this.bufferedRecords++
    this.bufferedBytes += held.record.bytes
    held.buffered(share)
    if (this.doneBuffered) this.tracker.complete(held.ticket)
  }

  /** A record was done the moment it was handed over. */
  pass(record: ConsumedRecord): void {
    this.completedRecords++
    this.tracker.pass(record.offset)
  }

  complete(held: HeldRecord): void {
    this.completedRecords++
    held.excuse()
    this.forget(held)
    if (!this.doneBuffered) this.tracker.complete(held.ticket)
  }

  /** Takes a record out of hand without calling it done. */
  forget(held: HeldRecord): void {
    this.bufferedRecords--
    this.bufferedBytes -= held.record.bytes
    if (held.share) this.shares!.leave(held.share, this.room)
    this.#settleIdle()
  }

  /** Everything before `nextOffset` was read. */
  readTo(nextOffset: number): void {
    this.tracker.skipTo(nextOffset)
    this.fetchOffset = nextOffset
  }

  /** Looks whether records were done since the last look. */
  noteProgress(nowMs: number): void {
    if (this.completedRecords === this.#progressSeen) return
    this.#progressSeen = this.completedRecords
    this.progressMs = nowMs
  }

  /** Records done since the last call. */
  takeCompleted(): number {
    const records = this.completedRecords - this.#completedReported
    this.#completedReported = this.completedRecords
    return records
  }

  /** Aborts the handlers in flight: their results will be ignored. */
  abandon(): void {
    if (this.running === 0) return
    for (const held of this.tracker.pending()) if (held.callMs > 0) held.abandon()
  }

  started(): void {
    this.running++
  }

  ended(): void {
    this.running--
    this.#settleIdle()
  }

  /** Resolves when there is room again, or nothing more is wanted. */
  whenResumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#resumed = resolve
    })
  }

  resume(): void {
    this.#resumed?.()
    this.#resumed = null
  }

  /** Resolves when no handler of this partition is under way, or after `msMax`. */
  async whenIdle(msMax: number): Promise<void> {
    if (this.#isIdle()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, msMax)
      this.#idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** What is done beyond the watermark, here or by a predecessor: the lowest runs, some `runsMax` of them. */
  doneBeyondWatermark(runsMax: number): OffsetRange[] {
    const done = this.tracker.doneBeyondWatermark(runsMax)
    for (const { first, last } of this.#doneBefore) {
      if (last >= this.fetchOffset) done.push({ first: Math.max(first, this.fetchOffset), last })
    }
    return done
  }

  wasDoneBefore(offset: number): boolean {
    const ranges = this.#doneBefore
    if (ranges.length === 0) return false
    if (offset > ranges.at(-1)!.last) {
      this.#doneBefore = []
      return false
    }
    return ranges.some(({ first, last }) => offset >= first && offset <= last)
  }

  /** What is committed when it is buffered must also be handled before it is revoked. */
  #isIdle(): boolean {
    return this.running === 0 && (!this.doneBuffered || this.bufferedRecords === 0)
  }

  #settleIdle(): void {
    if (this.#idle.length > 0 && this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve()
  }
}
