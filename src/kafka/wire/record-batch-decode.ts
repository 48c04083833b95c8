import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka'
import { VarintReader } from './varint.ts'

const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const RECORDS_AT = 61
const COMPRESSION_BITS = 0b111
const CONTROL_BIT = 0b100000

const EMPTY = Buffer.alloc(0)

/** Where the parts of a record lie in the bytes it was read from; a length of -1 means null. */
interface RecordPlaces {
  readonly keyAt: number
  readonly keyLength: number
  readonly valueAt: number
  readonly valueLength: number
  readonly headersAt: number
}

/**
 * A record as it was read. `key` and `value` are views on the fetched buffer, made when they are asked for: copy what
 * outlives the handler.
 */
export class ConsumedRecord {
  readonly topic: string
  readonly partition: number
  /** Kafka's offsets are 64 bits; those that a topic can reach fit a safe integer. */
  readonly offset: number
  readonly timestampMs: number
  /** Times the record was handed to a handler before this one. */
  failures = 0
  /** The span that handles the record now, as a W3C `traceparent`, where the handler is traced. */
  traceparent: string | undefined = undefined
  /**
   * Set by a handler while the record only waits for its turn at something that is shared: then it is not taken for
   * one that blocks its partition, however long it waits.
   */
  isQueued = false
  #bytes: Buffer
  #keyAt: number
  readonly #keyLength: number
  #valueAt: number
  readonly #valueLength: number
  #headersAt: number
  #end: number
  #key: Buffer | null | undefined = undefined
  #value: Buffer | null | undefined = undefined
  #abandonment: AbortController | undefined = undefined
  #isAbandoned = false

  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestampMs: number,
    bytes: Buffer,
    places: RecordPlaces,
    end: number,
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestampMs = timestampMs
    this.#bytes = bytes
    this.#keyAt = places.keyAt
    this.#keyLength = places.keyLength
    this.#valueAt = places.valueAt
    this.#valueLength = places.valueLength
    this.#headersAt = places.headersAt
    this.#end = end
  }

  get key(): Buffer | null {
    if (this.#key === undefined) this.#key = this.#view(this.#keyAt, this.#keyLength)
    return this.#key
  }

  get value(): Buffer | null {
    if (this.#value === undefined) this.#value = this.#view(this.#valueAt, this.#valueLength)
    return this.#value
  }

  /** Bytes that the record holds in memory, near enough to bound buffers by. */
  get bytes(): number {
    return 100 + Math.max(0, this.#keyLength) + Math.max(0, this.#valueLength)
  }

  /** Aborted when nobody waits for the handler's answer any more. */
  get signal(): AbortSignal {
    if (!this.#abandonment) {
      this.#abandonment = new AbortController()
      if (this.#isAbandoned) this.#abandonment.abort()
    }
    return this.#abandonment.signal
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  /** Tells the handler that its answer will not be heard. A next try has a signal of its own. */
  abandon(): void {
    this.#isAbandoned = true
    this.#abandonment?.abort()
  }

  /** Before a next try. */
  renew(): void {
    this.#isAbandoned = false
    this.#abandonment = undefined
  }

  /** Copies what the record needs, so that waiting long does not keep the whole answer of a broker in memory. */
  detach(): void {
    const from = this.#keyAt
    if (this.#bytes.length === this.#end - from) return
    this.#bytes = Buffer.from(this.#bytes.subarray(from, this.#end))
    this.#keyAt -= from
    this.#valueAt -= from
    this.#headersAt -= from
    this.#end -= from
    this.#key = undefined
    this.#value = undefined
  }

  /** The first header of that name, decoded as UTF-8; headers are read only when asked for. */
  header(name: string): string | undefined {
    for (const [key, value] of this.headers()) if (key === name) return value.toString()
    return undefined
  }

  *headers(): Generator<[string, Buffer]> {
    const reader = new VarintReader(this.#bytes, this.#headersAt)
    for (let left = reader.read(); left > 0; left--) {
      const key = reader.readBytes()!.toString()
      yield [key, reader.readBytes() ?? EMPTY]
    }
  }

  #view(at: number, length: number): Buffer | null {
    return length < 0 ? null : this.#bytes.subarray(at, at + length)
  }
}

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
  const places = { keyAt: 0, keyLength: 0, valueAt: 0, valueLength: 0, headersAt: 0 }
  for (let index = 0; index < count; index++) {
    const length = reader.read()
    const end = reader.position + length
    if (length < 0 || end > reader.buffer.length) throw new CorruptBatchError(`${topic}[${partition}]@${baseOffset}`)
    reader.position++
    const timestampMs = firstTimestampMs + reader.read()
    const offset = baseOffset + reader.read()
    places.keyLength = reader.read()
    places.keyAt = reader.position
    reader.position += Math.max(0, places.keyLength)
    places.valueLength = reader.read()
    places.valueAt = reader.position
    reader.position += Math.max(0, places.valueLength)
    places.headersAt = reader.position
    if (places.headersAt > end) throw new CorruptBatchError(`${topic}[${partition}]@${baseOffset}`)
    if (offset >= fromOffset) {
      into.push(new ConsumedRecord(topic, partition, offset, timestampMs, reader.buffer, places, end))
    }
    reader.position = end
  }
}
