import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import { type OffsetRange, OffsetTracker } from './offset-tracker.ts'

/** A record in hand, with what is needed to complete it. */
export interface HeldRecord {
  readonly record: ConsumedRecord
  readonly partition: AssignedPartition
  readonly ticket: number
}

/**
 * One partition during one assignment. A partition that comes back is a new object, so that what is still under way
 * for an old one can never be taken for the new one's: it completes into an object that nobody commits.
 */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  readonly tracker: OffsetTracker
  /** Where to fetch next. */
  fetchOffset: number
  /** What was last committed, here or before this assignment. */
  committedOffset: number
  highWatermark = -1
  logStartOffset = -1
  /** Whether new records may still be handed out. */
  active = true
  bufferedBytes = 0
  /** Handlers under way. */
  running = 0
  #doneBefore: readonly OffsetRange[]
  #idle: (() => void)[] = []

  constructor(topic: string, partition: number, startOffset: number, doneBefore: readonly OffsetRange[] = []) {
    this.topic = topic
    this.partition = partition
    this.tracker = new OffsetTracker(startOffset)
    this.fetchOffset = startOffset
    this.committedOffset = startOffset
    this.#doneBefore = doneBefore
  }

  get name(): string {
    return `${this.topic}[${this.partition}]`
  }

  /** Takes fetched records into hand; those a predecessor had done beyond its watermark are completed at once. */
  hold(records: readonly ConsumedRecord[], nextOffset: number): HeldRecord[] {
    const held: HeldRecord[] = []
    for (const record of records) {
      const ticket = this.tracker.begin(record.offset)
      if (this.#wasDoneBefore(record.offset)) {
        this.tracker.complete(ticket)
        continue
      }
      this.bufferedBytes += record.bytes
      held.push({ record, partition: this, ticket })
    }
    this.tracker.skipTo(nextOffset)
    this.fetchOffset = nextOffset
    return held
  }

  complete(held: HeldRecord): void {
    this.bufferedBytes -= held.record.bytes
    this.tracker.complete(held.ticket)
  }

  started(): void {
    this.running++
  }

  ended(): void {
    this.running--
    if (this.running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Resolves when no handler of this partition is under way, or after `msMax`. */
  async whenIdle(msMax: number): Promise<void> {
    if (this.running === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, msMax)
      this.#idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wasDoneBefore(offset: number): boolean {
    const ranges = this.#doneBefore
    if (ranges.length === 0) return false
    if (offset > ranges.at(-1)!.last) {
      this.#doneBefore = []
      return false
    }
    return ranges.some(({ first, last }) => offset >= first && offset <= last)
  }
}
