import {
  type Compression,
  type ProducerRecord,
  RecordBatchBuilder,
  type SealedBatch,
  stampBatch,
} from '../wire/record-batch-encode.ts'
import type { ProducerIdentity } from './producer-identity.ts'

/**
 * Records of one partition that travel together.
 *
 * Once sealed its bytes never change, and once stamped it keeps its identity and sequence through every retry:
 * that is how the broker recognises a batch whose acknowledgement was lost.
 */
export class Batch {
  readonly createdAtMs: number
  /** Offset of the first record, when the batch is acknowledged; -1 if the broker no longer knows. */
  readonly acknowledged: Promise<number>
  attempts = 0
  /** Whether an attempt ended without a verdict, so that the batch may have been written. */
  unclear = false
  /** Bytes that the batch's records hold of the producer's buffer. */
  reservedBytes = 0
  #builder: RecordBatchBuilder | null = new RecordBatchBuilder()
  #sealed: SealedBatch | null = null
  #bytes: Buffer | null = null
  #identity: ProducerIdentity | null = null
  #resolve!: (baseOffset: number) => void
  #reject!: (error: Error) => void

  constructor(nowMs: number) {
    this.createdAtMs = nowMs
    this.acknowledged = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.acknowledged.catch(() => {})
  }

  get count(): number {
    return this.#sealed?.count ?? this.#builder!.count
  }

  get bytes(): number {
    return this.#sealed?.payload.length ?? this.#builder!.bytes
  }

  get isOpen(): boolean {
    return this.#builder !== null
  }

  /** The identity under which the batch was first sent; null before. */
  get identity(): ProducerIdentity | null {
    return this.#identity
  }

  append(record: ProducerRecord, reservedBytes: number, nowMs: number): void {
    this.#builder!.append(record, nowMs)
    this.reservedBytes += reservedBytes
  }

  /** Ends the batch. Returns what compression left of it, 1 being all; null if it was sealed before. */
  seal(compression: Compression): number | null {
    if (!this.#builder) return null
    const plainBytes = this.#builder.bytes
    this.#sealed = this.#builder.seal(compression)
    this.#builder = null
    return this.#sealed.payload.length / plainBytes
  }

  /** Puts the batch under an identity; a later stamp replaces it, which is safe only if it was never written. */
  stamp(identity: ProducerIdentity, baseSequence: number): void {
    this.#identity = identity
    this.#bytes = stampBatch(this.#sealed!, {
      producerId: identity.producerId,
      producerEpoch: identity.producerEpoch,
      baseSequence,
    })
  }

  /** The wire form; only of a sealed and stamped batch. */
  get wireBytes(): Buffer {
    return this.#bytes!
  }

  acknowledge(baseOffset: number): void {
    this.#resolve(baseOffset)
  }

  fail(error: Error): void {
    this.#reject(error)
  }
}
