import { crc32c } from '@platformatic/kafka'
import { type BatchIdentity, CommittedFilter } from './committed-filter.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { decompress, MalformedBatchError } from './decompress.ts'
import type { AbortedTransaction } from './fetch-v15.ts'
import { FetchedRecord } from './fetched-record.ts'
import { VarintReader } from './varint.ts'

export type { ConsumedRecord }

const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const FIRST_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const COUNT_AT = 57
const RECORDS_AT = 61
const COMPRESSION_BITS = 0b111
const LOG_APPEND_TIME_BIT = 0b1000
const TRANSACTIONAL_BIT = 0b10000
const CONTROL_BIT = 0b100000

/** No broker takes a batch as large as that: a length beyond it is damaged. */
const WIRE_BYTES_MAX = 104_857_600
/** Of one batch, decompressed. Sixteen times what brokers take compressed by default. */
export const PLAIN_BYTES_MAX = 16_777_216
/** Of one batch. A record takes seven bytes on the wire, and some 200 in memory. */
const RECORDS_MAX = 250_000
/** An answer is decoded up to there, batch by batch, and fetched again behind it: its batches may all be bombs. */
const ANSWER_PLAIN_BYTES_MAX = 8_388_608
const ANSWER_RECORDS_MAX = 100_000

/** The last millisecond of the year 9999, beyond which dates cannot be written as everybody reads them. */
const TIMESTAMP_MS_MAX = 253_402_300_799_999

/** Bytes that changed on their way or on a disk; read again, or from another replica, they may be right. */
export class CorruptBatchError extends Error {
  override readonly name = 'CorruptBatchError'
}

export interface DecodedBatches {
  readonly records: ConsumedRecord[]
  /** Where to fetch from next, also when all was skipped. */
  readonly nextOffset: number
}

/** A batch by its header. */
interface Batch extends BatchIdentity {
  readonly bytes: Buffer
  readonly attributes: number
  readonly baseOffset: number
}

/**
 * Reads whole batches in `bytes` (a broker cuts the last one off where its byte limit falls), as many as the memory for
 * one answer allows. Records before `fromOffset` are left out: a batch is stored, compressed and fetched as one piece.
 * Markers of transactions, and what belongs to `aborted` ones, are skipped.
 *
 * What cannot be read of a batch though it is as its producer wrote it (it decompresses to too much, a length leads out
 * of it) is given as one record with a `fault`, which names the offsets that are lost. Throws CorruptBatchError where
 * the first batch is damaged; where it is a later one, what came before it is returned.
 */
export function decodeRecordBatches(
  bytes: Buffer,
  topic: string,
  partition: number,
  fromOffset: number,
  aborted: readonly AbortedTransaction[] = [],
): DecodedBatches {
  const records: ConsumedRecord[] = []
  const filter = new CommittedFilter(aborted)
  let nextOffset = fromOffset
  let plainBytes = 0
  for (let at = 0; bytes.length - at >= RECORDS_AT; ) {
    let batch: Batch | null
    try {
      batch = nextBatch(bytes, at, `${topic}[${partition}]`)
    } catch (error) {
      if (nextOffset === fromOffset) throw error
      break
    }
    if (!batch) break
    at += batch.bytes.length
    if (batch.lastOffset < fromOffset) continue
    nextOffset = batch.lastOffset + 1
    if ((batch.attributes & CONTROL_BIT) !== 0) filter.ended(batch)
    else if (!filter.isAborted(batch)) plainBytes += readBatch(batch, topic, partition, fromOffset, records)
    if (plainBytes >= ANSWER_PLAIN_BYTES_MAX || records.length >= ANSWER_RECORDS_MAX) break
  }
  return { records, nextOffset }
}

/**
 * Goes past a damaged batch that was read again as often as it is worth: to behind it, if what it says of itself can be
 * true, else to the next offset, as the broker then sends what lies there. `endOffset`: of what may be read.
 */
export function passDamaged(
  bytes: Buffer,
  topic: string,
  partition: number,
  fromOffset: number,
  endOffset: number,
): DecodedBatches {
  const claimed = Number(bytes.readBigInt64BE(0)) + bytes.readInt32BE(LAST_OFFSET_DELTA_AT) + 1
  const nextOffset = claimed > fromOffset && claimed <= endOffset ? claimed : fromOffset + 1
  const record = faultyRecord(topic, partition, fromOffset, nextOffset - 1, 0, 'its checksum does not hold')
  return { records: [record], nextOffset }
}

/** The batch that begins at `at`; null if the rest of it is not there. */
function nextBatch(bytes: Buffer, at: number, name: string): Batch | null {
  const length = 12 + bytes.readInt32BE(at + LENGTH_AT)
  const baseOffset = Number(bytes.readBigInt64BE(at))
  if (length < RECORDS_AT || length > WIRE_BYTES_MAX) {
    throw new CorruptBatchError(`the batch at ${name}@${baseOffset} cannot have ${length} bytes`)
  }
  if (at + length > bytes.length) return null
  const batch = bytes.subarray(at, at + length)
  // Before anything else in the batch is believed: a damaged offset must not make us skip it in silence.
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) >>> 0 !== batch.readUInt32BE(CRC_AT)) {
    throw new CorruptBatchError(`checksum of the batch at ${name}@${baseOffset} does not hold`)
  }
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  return {
    bytes: batch,
    attributes,
    baseOffset,
    lastOffset: baseOffset + Math.max(0, batch.readInt32BE(LAST_OFFSET_DELTA_AT)),
    producerId: batch.readBigInt64BE(PRODUCER_ID_AT),
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
  }
}

/** Returns how many bytes its records take, decompressed. */
function readBatch(batch: Batch, topic: string, partition: number, fromOffset: number, into: ConsumedRecord[]): number {
  const before = into.length
  let plainBytes = 0
  try {
    const codec = batch.attributes & COMPRESSION_BITS
    const body = decompress(codec, batch.bytes.subarray(RECORDS_AT), PLAIN_BYTES_MAX)
    plainBytes = body.length
    readRecords(batch, body, topic, partition, fromOffset, into)
  } catch (error) {
    if (!(error instanceof MalformedBatchError) && !(error instanceof RangeError)) throw error
    const firstOffset = into.length > before ? into.at(-1)!.offset + 1 : Math.max(fromOffset, batch.baseOffset)
    const timestampMs = plausible(Number(batch.bytes.readBigInt64BE(MAX_TIMESTAMP_AT)))
    if (firstOffset <= batch.lastOffset) {
      into.push(faultyRecord(topic, partition, firstOffset, batch.lastOffset, timestampMs, error.message))
    }
  }
  return plainBytes
}

/** Throws MalformedBatchError or RangeError behind the last record that can be read. */
function readRecords(
  { bytes, attributes, baseOffset, lastOffset }: Batch,
  body: Buffer,
  topic: string,
  partition: number,
  fromOffset: number,
  into: ConsumedRecord[],
): void {
  const count = bytes.readInt32BE(COUNT_AT)
  if (count < 0 || count > RECORDS_MAX) throw new MalformedBatchError(`it cannot have ${count} records`)
  const isAppendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0
  const baseMs = Number(bytes.readBigInt64BE(isAppendTime ? MAX_TIMESTAMP_AT : FIRST_TIMESTAMP_AT))
  const reader = new VarintReader(body)
  const places = { keyAt: 0, keyLength: 0, valueAt: 0, valueLength: 0, headersAt: 0, end: 0 }
  let previousOffset = baseOffset - 1
  for (let index = 0; index < count; index++) {
    const length = reader.read()
    const end = reader.position + length
    if (length < 0 || end > body.length) throw new MalformedBatchError('a record is longer than its batch')
    reader.position++
    const deltaMs = reader.read()
    const offset = baseOffset + reader.read()
    places.keyLength = reader.read()
    places.keyAt = reader.position
    reader.position += Math.max(0, places.keyLength)
    places.valueLength = reader.read()
    places.valueAt = reader.position
    reader.position += Math.max(0, places.valueLength)
    places.headersAt = reader.position
    places.end = end
    if (places.headersAt > end) throw new MalformedBatchError('a key or a value is longer than its record')
    if (!(offset > previousOffset && offset <= lastOffset)) throw new MalformedBatchError('its offsets do not rise')
    previousOffset = offset
    if (offset >= fromOffset) {
      const timestampMs = plausible(isAppendTime ? baseMs : baseMs + deltaMs)
      into.push(new FetchedRecord(topic, partition, offset, timestampMs, body, places))
    }
    reader.position = end
  }
}

/** Producers may write any 64 bits; what no date has becomes the nearest that one has. */
function plausible(timestampMs: number): number {
  return timestampMs >= 0 ? Math.min(timestampMs, TIMESTAMP_MS_MAX) : 0
}

/** The placeholder of the records of a batch that cannot be read. */
function faultyRecord(
  topic: string,
  partition: number,
  firstOffset: number,
  lastOffset: number,
  timestampMs: number,
  why: string,
): ConsumedRecord {
  const places = { keyAt: 0, keyLength: -1, valueAt: 0, valueLength: -1, headersAt: 0, end: 0 }
  const fault = `the batch with offsets ${firstOffset} to ${lastOffset} cannot be read: ${why}`
  return new FetchedRecord(topic, partition, firstOffset, timestampMs, Buffer.alloc(0), places, fault)
}
