import { crc32c } from '@platformatic/kafka'
import { KafkaCode } from '../../src/kafka/errors.ts'

const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const HEADER_BYTES = 61
const CORRUPT_MESSAGE = 2
/** Batches of one producer whose repetition a broker recognises. */
const REMEMBERED_BATCHES = 5

interface StoredBatch {
  readonly bytes: Buffer
  readonly firstOffset: number
  readonly lastOffset: number
  readonly maxTimestampMs: number
}

interface WrittenSequence {
  readonly first: number
  readonly last: number
  readonly offset: number
}

interface KnownProducer {
  readonly epoch: number
  readonly batches: WrittenSequence[]
}

export interface Appended {
  readonly code: number
  readonly baseOffset: number
}

/** The log of one partition: record batches as producers wrote them, at the offsets that they were given. */
export class PartitionLog {
  /** The first offset that may be read; those before it were deleted. */
  startOffset = 0
  endOffset = 0
  #batches: StoredBatch[] = []
  readonly #producers = new Map<bigint, KnownProducer>()
  readonly #batchBytesMax: number

  constructor(batchBytesMax: number) {
    this.#batchBytesMax = batchBytesMax
  }

  /**
   * Appends a batch, unless it is damaged, too large, or out of its producer's order. A batch that was written before is
   * not written again, and answered with the offset that it has (Kafka: `ProducerStateManager`, `ProducerAppendInfo`).
   */
  append(batch: Buffer): Appended {
    if (batch.length > this.#batchBytesMax) return refused(KafkaCode.MESSAGE_TOO_LARGE)
    if (batch.length < HEADER_BYTES || crc32c(batch.subarray(ATTRIBUTES_AT)) >>> 0 !== batch.readUInt32BE(CRC_AT)) {
      return refused(CORRUPT_MESSAGE)
    }
    const bytes = Buffer.from(batch)
    const sequence = this.#judgeSequence(bytes)
    if (sequence) return sequence
    const firstOffset = this.endOffset
    // The broker sets the base offset, which the checksum does not cover.
    bytes.writeBigInt64BE(BigInt(firstOffset))
    const lastOffset = firstOffset + bytes.readInt32BE(LAST_OFFSET_DELTA_AT)
    const maxTimestampMs = Number(bytes.readBigInt64BE(MAX_TIMESTAMP_AT))
    this.#batches.push({ bytes, firstOffset, lastOffset, maxTimestampMs })
    this.endOffset = lastOffset + 1
    this.#remember(bytes, firstOffset)
    return { code: KafkaCode.NONE, baseOffset: firstOffset }
  }

  /** Whole batches from the one that holds `offset` on: the first whatever its size, then as many as `bytesMax` allows. */
  read(offset: number, bytesMax: number): Buffer[] {
    const found: Buffer[] = []
    let bytes = 0
    for (const batch of this.#batches) {
      if (batch.lastOffset < offset) continue
      if (found.length > 0 && bytes + batch.bytes.length > bytesMax) break
      found.push(batch.bytes)
      bytes += batch.bytes.length
    }
    return found
  }

  /** Where the first batch begins that has a record of that time or later; null if there is none. */
  offsetAt(timeMs: number): number | null {
    const batch = this.#batches.find((each) => each.maxTimestampMs >= timeMs)
    return batch ? Math.max(batch.firstOffset, this.startOffset) : null
  }

  /** Deletes what lies before an offset, as retention does. */
  deleteBefore(offset: number): void {
    this.startOffset = Math.max(this.startOffset, Math.min(offset, this.endOffset))
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset >= this.startOffset)
  }

  /** Loses the end of the log from an offset on, as an unclean election of a leader does. The offset begins a batch. */
  loseFrom(offset: number): void {
    this.#batches = this.#batches.filter(({ firstOffset }) => firstOffset < offset)
    this.endOffset = Math.max(this.startOffset, (this.#batches.at(-1)?.lastOffset ?? -1) + 1)
    this.#producers.clear()
  }

  /** What to answer to a batch that is a repetition, or out of order; null where it is to be appended. */
  #judgeSequence(bytes: Buffer): Appended | null {
    const producer = this.#producers.get(bytes.readBigInt64BE(PRODUCER_ID_AT))
    if (!producer) return null
    const epoch = bytes.readInt16BE(PRODUCER_EPOCH_AT)
    const first = bytes.readInt32BE(BASE_SEQUENCE_AT)
    if (epoch < producer.epoch) return refused(KafkaCode.INVALID_PRODUCER_EPOCH)
    if (epoch > producer.epoch) return first === 0 ? null : refused(KafkaCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    const last = advanced(first, bytes.readInt32BE(LAST_OFFSET_DELTA_AT))
    const written = producer.batches.find((each) => each.first === first && each.last === last)
    if (written) return { code: KafkaCode.NONE, baseOffset: written.offset }
    return first === advanced(producer.batches.at(-1)!.last, 1) ? null : refused(KafkaCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  }

  #remember(bytes: Buffer, offset: number): void {
    const producerId = bytes.readBigInt64BE(PRODUCER_ID_AT)
    if (producerId < 0n) return
    const epoch = bytes.readInt16BE(PRODUCER_EPOCH_AT)
    const first = bytes.readInt32BE(BASE_SEQUENCE_AT)
    const last = advanced(first, bytes.readInt32BE(LAST_OFFSET_DELTA_AT))
    const known = this.#producers.get(producerId)
    const before = known?.epoch === epoch ? known.batches : []
    this.#producers.set(producerId, { epoch, batches: [...before, { first, last, offset }].slice(-REMEMBERED_BATCHES) })
  }
}

function refused(code: number): Appended {
  return { code, baseOffset: -1 }
}

/** Sequences wrap to 0 behind 2^31 - 1. */
function advanced(sequence: number, by: number): number {
  return (sequence + by) % 2 ** 31
}
