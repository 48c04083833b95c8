import { BATCH_OVERHEAD_BYTES, type Compression, type ProducerRecord } from '../wire/record-batch-encode.ts'
import { Batch } from './batch.ts'
import { advanceSequence, type ProducerIdentity } from './producer-identity.ts'

/** A batch holds at most this many times `batchBytesMax` of records, however well they are compressed. */
const PLAIN_FACTOR_MAX = 4
/** Share of the last batch in the estimate of how well the next one will be compressed. */
const ESTIMATE_SHARE = 0.2
const SIZE_GROWTH = 1.02

export interface BatchLimits {
  /** Of a batch on the wire, compressed, as in Kafka's `batch.size`. */
  readonly batchBytesMax: number
  /** Of a batch before compression, so that it fits a request even if it turns out not to be compressible. */
  readonly requestBytesMax: number
}

/**
 * The pending batches of one partition, oldest first.
 *
 * At most one batch is under way, and only the oldest one ever is, so nothing can overtake: not on a retry, not on a
 * change of leader, not after the broker forgot the producer. Acknowledgements of a partition are a prefix of what was
 * sent to it: when a batch fails for good, all behind it fail with it, so that a caller that sends again sends in
 * order.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  inFlight = false
  retryAtMs = 0
  /** Failed attempts of the oldest batch. */
  failures = 0
  readonly #limits: BatchLimits
  readonly #batches: Batch[] = []
  /** What compression leaves of a batch: believed at once when it is worse than thought, slowly when better. */
  #compressedShare = 1
  /** Of the size that the limits allow: less after a batch was refused, and slowly more with each that is not. */
  #sizeShare = 1
  #identity: ProducerIdentity | null = null
  #nextSequence = 0

  constructor(topic: string, partition: number, limits: BatchLimits) {
    this.topic = topic
    this.partition = partition
    this.#limits = limits
  }

  get oldest(): Batch | undefined {
    return this.#batches[0]
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  /** Puts the record into the newest batch, or a new one if it is full or under way. Returns that batch. */
  append(record: ProducerRecord, bytes: number, nowMs: number): Batch {
    let newest = this.#batches.at(-1)
    if (!newest?.isOpen || newest.bytes + bytes > this.#plainBytesMax) {
      newest = new Batch(nowMs)
      this.#batches.push(newest)
    }
    newest.append(record, bytes, nowMs)
    return newest
  }

  /** When the oldest batch is to leave, were there no back-off: at once if it is full, otherwise after the linger. */
  dueAtMs(lingerMs: number): number {
    const oldest = this.#batches[0]!
    const full = this.#batches.length > 1 || !oldest.isOpen || oldest.bytes >= this.#plainBytesMax
    return Math.max(this.retryAtMs, full ? 0 : oldest.createdAtMs + lingerMs)
  }

  sealOldest(compression: Compression): void {
    const share = this.#batches[0]!.seal(compression)
    if (share === null) return
    this.#compressedShare = Math.max(share, this.#compressedShare + (share - this.#compressedShare) * ESTIMATE_SHARE)
  }

  /** Bytes of records that, going by the batches before, become a batch of `batchBytesMax`. */
  get #plainBytesMax(): number {
    const { batchBytesMax, requestBytesMax } = this.#limits
    const factor = Math.min(PLAIN_FACTOR_MAX, Math.max(1, 1 / this.#compressedShare))
    return Math.min(requestBytesMax - BATCH_OVERHEAD_BYTES, batchBytesMax * factor) * this.#sizeShare
  }

  /** Stamps the oldest batch, sealed before, unless it already carries a stamp that may be in the log. */
  stampOldest(current: ProducerIdentity): void {
    const oldest = this.#batches[0]!
    if (oldest.identity !== null) return
    if (this.#identity !== current) {
      this.#identity = current
      this.#nextSequence = 0
    }
    oldest.stamp(current, current.producerId < 0n ? -1 : this.#nextSequence)
  }

  /** The oldest batch, now known not to be in the log, starts over under a new identity. */
  restampOldest(current: ProducerIdentity): void {
    this.#identity = current
    this.#nextSequence = 0
    this.#batches[0]!.stamp(current, 0)
  }

  /** Batches become half as large. */
  shrink(): void {
    this.#sizeShare /= 2
  }

  /**
   * Fails the oldest batch alone, which its broker has refused and not written: what is behind it goes on under the
   * sequence that it would have had.
   */
  removeOldest(error: Error): Batch {
    const oldest = this.#batches.shift()!
    this.failures = 0
    this.retryAtMs = 0
    oldest.fail(error)
    return oldest
  }

  acknowledgeOldest(baseOffset: number): Batch {
    const oldest = this.#batches.shift()!
    if (oldest.identity === this.#identity) this.#nextSequence = advanceSequence(this.#nextSequence, oldest.count)
    this.failures = 0
    this.retryAtMs = 0
    this.#sizeShare = Math.min(1, this.#sizeShare * SIZE_GROWTH)
    oldest.acknowledge(baseOffset)
    return oldest
  }

  /**
   * Fails everything that waits. If one of them may be in the log, the sequence that follows it is not known either:
   * the caller must then take a new identity before this partition sends again.
   */
  failAll(error: Error): Batch[] {
    const failed = this.#batches.splice(0)
    this.failures = 0
    this.retryAtMs = 0
    for (const batch of failed) batch.fail(error)
    return failed
  }
}
