import type { ConsumedRecord } from '../wire/consumed-record.ts'
import { detached } from '../wire/fetched-record.ts'
import type { Share } from './lanes/partition-shares.ts'
import type { RecordState } from './record-state.ts'

/** What a buffered record needs of the partition that buffers it. */
interface Holder {
  readonly tracker: { begin(offset: number, held: object): number }
  begun: number
}

/** A record on its way through the consumer, with all that is known of its handling. */
export class HeldRecordOf<Partition extends Holder> implements RecordState {
  /** By the time of a later call it may be a copy in memory of its own. */
  record: ConsumedRecord
  readonly partition: Partition
  /** By which the tracker knows it, once it is buffered. */
  ticket = 0
  share: Share | null = null
  /** The lane that it is in, once it was looked up. */
  lane: string | number | null = null
  /** When it was first handed to a handler, or first since a pause, by a clock that never steps; 0 before. */
  handedMs = 0
  /** When the call of the handler began that has not answered yet; 0 while there is none. */
  callMs = 0
  /** Why it is given up; null while it is not. */
  givenUp: string | null = null
  failures = 0
  isQueued = false
  isAbandoned = false
  #abandonment: AbortController | null = null

  constructor(record: ConsumedRecord, partition: Partition) {
    this.record = record
    this.partition = partition
  }

  get signal(): AbortSignal {
    if (this.#abandonment === null) {
      this.#abandonment = new AbortController()
      if (this.isAbandoned) this.#abandonment.abort()
    }
    return this.#abandonment.signal
  }

  /** From now on the partition buffers it, and the watermark does not pass it. */
  buffered(share: Share | null): void {
    this.share = share
    this.ticket = this.partition.tracker.begin(this.record.offset, this)
  }

  called(nowMs: number): void {
    this.callMs = nowMs
    if (this.isAbandoned && this.givenUp === null) this.#renew()
    if (this.handedMs === 0) {
      this.handedMs = nowMs
      this.partition.begun++
    }
  }

  answered(): void {
    this.callMs = 0
  }

  /** Notifies the handler that its answer will be ignored. The next call has a signal of its own. */
  abandon(): void {
    this.isAbandoned = true
    this.#abandonment?.abort()
  }

  /** Before a long wait: it no longer keeps the whole answer of a broker in memory. */
  detach(): void {
    this.record = detached(this.record)
  }

  /** The time so far does not count; it counts from now on. */
  restartClock(nowMs: number): void {
    this.handedMs = nowMs
    if (this.callMs > 0) this.callMs = nowMs
  }

  /** The time so far does not count: it counts from the next call on. */
  excuse(): void {
    if (this.handedMs === 0) return
    this.handedMs = 0
    this.partition.begun--
  }

  #renew(): void {
    this.isAbandoned = false
    this.#abandonment = null
  }
}
