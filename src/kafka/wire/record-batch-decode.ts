import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka'
import { VarintReader } from './varint.ts'

const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const RECORDS_AT = 61
const COMPRESSION_BITS = 0b111
const CONTROL_BIT = 0b100000

/** A record as it was read. `key` and `value` are views on the fetched buffer: copy what outlives the handler. */
export class ConsumedRecord {
  readonly topic: string
  readonly partition: number
  /** Kafka's offsets are 64 bits; those that a topic can reach fit a safe integer. */
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Times the record was handed to a handler before this one. */
  failures = 0
  readonly #headers: Buffer
  readonly #headersAt: number

  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: Buffer,
    headersAt: number,
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestampMs = timestampMs
    this.key = key
    this.value = value
    this.#headers = headers
    this.#headersAt = headersAt
  }

  /** Bytes that the record holds in memory, near enough to bound buffers by. */
  get bytes(): number {
    return 100 + (this.key?.length ?? 0) + (this.value?.length ?? 0)
  }

  /** The first header of that name, decoded as UTF-8; headers are read only when asked for. */
  header(name: string): string | undefined {
    for (const [key, value] of this.headers()) if (key === name) return value.toString()
    return undefined
  }

  *headers(): Generator<[string, Buffer]> {
    const reader = new VarintReader(this.#headers, this.#headersAt)
    for (let left = reader.read(); left > 0; left--) {
      const key = reader.readBytes()!.toString()
      yield [key, reader.readBytes() ?? EMPTY]
    }
  }
}

const EMPTY = Buffer.alloc(0)

export class CorruptBatchError extends Error {
  override readonly name = 'CorruptBatchError'
}

/**
 * Reads every whole batch in `bytes` (a broker cuts the last one off where its byte limit falls).
 * Records before `fromOffset` are left out: a batch is stored, compressed and fetched as one piece.
 * Markers of transactions are skipped. `nextOffset` is where to fetch from, also when all was skipped.
 * Throws CorruptBatchError on a checksum that does not hold.
 */
export function decodeRecordBatches(
  bytes: Buffer,
  topic: string,
  partition: number,
  fromOffset: number,
): { records: ConsumedRecord[]; nextOffset: number } {
  const records: ConsumedRecord[] = []
  let nextOffset = fromOffset
  let at = 0
  while (bytes.length - at >= RECORDS_AT) {
    const end = at + 12 + bytes.readInt32BE(at + LENGTH_AT)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    at = end
    const baseOffset = Number(batch.readBigInt64BE(0))
    // Before anything else in the batch is believed: a damaged offset must not make us skip it in silence.
    verifyChecksum(batch, topic, partition, baseOffset)
    const lastOffset = baseOffset + batch.readInt32BE(23)
    if (lastOffset < fromOffset) continue
    nextOffset = lastOffset + 1
    if ((batch.readInt16BE(ATTRIBUTES_AT) & CONTROL_BIT) === 0) {
      readRecords(batch, topic, partition, baseOffset, fromOffset, records)
    }
  }
  return { records, nextOffset }
}

function verifyChecksum(batch: Buffer, topic: string, partition: number, baseOffset: number): void {
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) >>> 0 === batch.readUInt32BE(CRC_AT)) return
  throw new CorruptBatchError(`checksum of the batch at ${topic}[${partition}]@${baseOffset} does not hold`)
}

function readRecords(
  batch: Buffer,
  topic: string,
  partition: number,
  baseOffset: number,
  fromOffset: number,
  into: ConsumedRecord[],
): void {
  const firstTimestampMs = Number(batch.readBigInt64BE(27))
  const count = batch.readInt32BE(57)
  const compression = batch.readInt16BE(ATTRIBUTES_AT) & COMPRESSION_BITS
  const body = batch.subarray(RECORDS_AT)
  const reader = new VarintReader(
    compression === 0 ? body : compressionsAlgorithmsByBitmask[compression]!.decompressSync(body),
  )
  for (let index = 0; index < count; index++) {
    const length = reader.read()
    const end = reader.position + length
    if (length < 0 || end > reader.buffer.length) throw new CorruptBatchError(`${topic}[${partition}]@${baseOffset}`)
    reader.position++
    const timestampMs = firstTimestampMs + reader.read()
    const offset = baseOffset + reader.read()
    const key = reader.readBytes()
    const value = reader.readBytes()
    if (offset >= fromOffset) {
      into.push(new ConsumedRecord(topic, partition, offset, timestampMs, key, value, reader.buffer, reader.position))
    }
    reader.position = end
  }
}
