import { compressionsAlgorithms, crc32c } from '@platformatic/kafka'
import { varintSize, writeVarint } from './varint.ts'

/*
  RecordBatch (magic 2), from the Kafka documentation, "Record Batch":
    baseOffset: int64          batchLength: int32        partitionLeaderEpoch: int32   magic: int8
    crc: uint32 (CRC-32C of everything behind it)        attributes: int16             lastOffsetDelta: int32
    baseTimestamp: int64       maxTimestamp: int64       producerId: int64             producerEpoch: int16
    baseSequence: int32        records: [Record]
  Record:
    length: varint  attributes: int8  timestampDelta: varlong  offsetDelta: varint
    key: varint bytes  value: varint bytes  headers: varint count, then key: varint bytes, value: varint bytes
*/
const HEADER_BYTES = 61
/** More than a batch of one record adds to the record's key, value and headers. */
export const BATCH_OVERHEAD_BYTES = 128
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const MAGIC = 2

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A record as the producer takes it. Strings are written as UTF-8. */
export interface ProducerRecord {
  readonly topic: string
  /** Chosen by the key's murmur2 hash when absent. */
  readonly partition?: number
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly headers?: readonly (readonly [string, string | Buffer])[]
  /** Milliseconds since the epoch; now, when absent. */
  readonly timestampMs?: number
}

/**
 * The producer of a batch, so that the broker can drop its repetition. -1 throughout for a producer that is not
 * idempotent.
 */
export interface ProducerStamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Bytes that a record's key, value and headers take, before its few bytes of framing. */
export function recordBytes(record: ProducerRecord): number {
  let bytes = textBytes(record.key) + textBytes(record.value)
  for (const [name, value] of record.headers ?? []) bytes += textBytes(name) + textBytes(value) + 4
  return bytes
}

function textBytes(text: string | Buffer | null): number {
  if (text === null) return 0
  return typeof text === 'string' ? Buffer.byteLength(text) : text.length
}

/** Builds one batch as records arrive: each is written once, straight into the batch's buffer. */
export class RecordBatchBuilder {
  count = 0
  #body: Buffer
  #length = 0
  #firstTimestampMs = 0
  #maxTimestampMs = 0

  constructor(initialBytes = 2048) {
    this.#body = Buffer.allocUnsafe(initialBytes)
  }

  /** Bytes of the records so far, uncompressed. */
  get bytes(): number {
    return this.#length
  }

  append(record: ProducerRecord, nowMs: number): void {
    const timestampMs = record.timestampMs ?? nowMs
    if (this.count === 0) this.#firstTimestampMs = this.#maxTimestampMs = timestampMs
    else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs

    const timestampDelta = timestampMs - this.#firstTimestampMs
    const headers = record.headers ?? []
    const keyBytes = record.key === null ? -1 : textBytes(record.key)
    const valueBytes = record.value === null ? -1 : textBytes(record.value)
    let size = 1 + varintSize(timestampDelta) + varintSize(this.count) + varintSize(keyBytes) + varintSize(valueBytes)
    size += Math.max(0, keyBytes) + Math.max(0, valueBytes) + varintSize(headers.length)
    for (const [name, value] of headers) {
      const nameBytes = Buffer.byteLength(name)
      const headerBytes = textBytes(value)
      size += varintSize(nameBytes) + nameBytes + varintSize(headerBytes) + headerBytes
    }

    this.#reserve(size + 5)
    const body = this.#body
    let at = writeVarint(body, this.#length, size)
    body[at++] = 0
    at = writeVarint(body, at, timestampDelta)
    at = writeVarint(body, at, this.count)
    at = writeText(body, at, record.key, keyBytes)
    at = writeText(body, at, record.value, valueBytes)
    at = writeVarint(body, at, headers.length)
    for (const [name, value] of headers) {
      at = writeText(body, at, name, Buffer.byteLength(name))
      at = writeText(body, at, value, textBytes(value))
    }
    this.#length = at
    this.count++
  }

  /** Compresses what was appended. The result can be stamped and sent any number of times. */
  seal(compression: Compression): SealedBatch {
    const body = this.#body.subarray(0, this.#length)
    const compressed = compression === 'none' ? body : compressionsAlgorithms[compression].compressSync(body)
    return {
      payload: compressed,
      attributes: compression === 'none' ? 0 : compressionsAlgorithms[compression].bitmask,
      count: this.count,
      firstTimestampMs: this.#firstTimestampMs,
      maxTimestampMs: this.#maxTimestampMs,
    }
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#body.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#body.length * 2))
    this.#body.copy(grown, 0, 0, this.#length)
    this.#body = grown
  }
}

export interface SealedBatch {
  readonly payload: Buffer
  readonly attributes: number
  readonly count: number
  readonly firstTimestampMs: number
  readonly maxTimestampMs: number
}

/** The bytes of a sealed batch under a producer's stamp. */
export function stampBatch(batch: SealedBatch, stamp: ProducerStamp): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + batch.payload.length)
  bytes.writeBigInt64BE(0n, 0)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(-1, 12)
  bytes.writeInt8(MAGIC, 16)
  bytes.writeInt16BE(batch.attributes, ATTRIBUTES_AT)
  bytes.writeInt32BE(batch.count - 1, 23)
  bytes.writeBigInt64BE(BigInt(batch.firstTimestampMs), 27)
  bytes.writeBigInt64BE(BigInt(batch.maxTimestampMs), 35)
  bytes.writeBigInt64BE(stamp.producerId, 43)
  bytes.writeInt16BE(stamp.producerEpoch, 51)
  bytes.writeInt32BE(stamp.baseSequence, 53)
  bytes.writeInt32BE(batch.count, 57)
  batch.payload.copy(bytes, HEADER_BYTES)
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)) >>> 0, CRC_AT)
  return bytes
}

function writeText(target: Buffer, at: number, text: string | Buffer | null, bytes: number): number {
  at = writeVarint(target, at, bytes)
  if (text === null) return at
  if (typeof text === 'string') return at + target.write(text, at, bytes, 'utf8')
  text.copy(target, at)
  return at + bytes
}
