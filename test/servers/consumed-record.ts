import type { RecordState } from '../../src/kafka/consumer/record-state.ts'
import { type ConsumedRecord, decodeRecordBatches } from '../../src/kafka/wire/record-batch-decode.ts'
import { RecordBatchBuilder, stampBatch } from '../../src/kafka/wire/record-batch-encode.ts'

/** Of a record that is handled for the first time. */
export function recordState(changes: Partial<RecordState> = {}): RecordState {
  return { failures: 0, signal: new AbortController().signal, isAbandoned: false, isQueued: false, ...changes }
}

interface RecordParts {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly key?: string | null
  readonly value?: string | Buffer | null
  readonly headers?: [string, string][]
}

/** A record as a consumer reads it. */
export function consumedRecord(parts: RecordParts) {
  const { topic = 't', partition = 0, offset = 0, key = null, value = null, headers = [] } = parts
  const builder = new RecordBatchBuilder()
  builder.append({ topic, key, value, headers }, Date.now())
  const bytes = stampBatch(builder.seal('none'), { producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  // The broker sets the base offset, which the checksum does not cover.
  bytes.writeBigInt64BE(BigInt(offset))
  return decodeRecordBatches(bytes, topic, partition, offset).records[0] as ConsumedRecord
}

/** The placeholder of records that cannot be read. */
export function faultyRecord(topic: string, offset: number, fault: string): ConsumedRecord {
  const place = { topic, partition: 0, offset, timestampMs: 0 }
  return { ...place, key: null, value: null, headers: [], bytes: 100, fault }
}

/** A batch as a producer may write it: any bytes, said to be so many records. */
export function recordBatchBytes(
  payload: Buffer,
  compression: 'gzip' | 'snappy' | 'lz4' | 'zstd',
  count: number,
): Buffer {
  const attributes = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 }[compression]
  const nowMs = Date.now()
  return stampBatch(
    { payload, attributes, count, firstTimestampMs: nowMs, maxTimestampMs: nowMs },
    { producerId: -1n, producerEpoch: -1, baseSequence: -1 },
  )
}
