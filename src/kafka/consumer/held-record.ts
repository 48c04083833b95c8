import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { Share } from './lanes/partition-shares.ts'

/** What a held record needs of the partition that holds it. */
interface Holder {
  readonly tracker: { begin(offset: number, held: object): number }
  begun: number
}

/** A record in hand, with what is needed to complete it. */
export class HeldRecordOf<Partition extends Holder> {
  readonly record: ConsumedRecord
  readonly partition: Partition
  readonly ticket: number
  readonly share: Share | null
  /** The lane that it stands in, once it was asked for. */
  lane: string | number | null = null
  /** When it was first handed to a handler, or first since a pause, by a clock that never steps; 0 before. */
  handedMs = 0
  /** When the call of the handler began that has not answered yet; 0 while there is none. */
  callMs = 0
  /** Why it is given up; null while it is not. */
  givenUp: string | null = null

  constructor(record: ConsumedRecord, partition: Partition, share: Share | null) {
    this.record = record
    this.partition = partition
    this.share = share
    this.ticket = partition.tracker.begin(record.offset, this)
  }

  called(nowMs: number): void {
    this.callMs = nowMs
    if (this.record.isAbandoned && this.givenUp === null) this.record.renew()
    if (this.handedMs === 0) {
      this.handedMs = nowMs
      this.partition.begun++
    }
  }

  answered(): void {
    this.callMs = 0
  }

  /** The time so far was nobody's fault, and it counts from now on. */
  restartClock(nowMs: number): void {
    this.handedMs = nowMs
    if (this.callMs > 0) this.callMs = nowMs
  }

  /** The time so far was nobody's fault: it counts from the next call on. */
  excuse(): void {
    if (this.handedMs === 0) return
    this.handedMs = 0
    this.partition.begun--
  }
}
