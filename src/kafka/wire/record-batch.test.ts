import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partitionOfKey } from './murmur2.ts'
import { CorruptBatchError, decodeRecordBatches } from './record-batch-decode.ts'
import { type Compression, RecordBatchBuilder, stampBatch } from './record-batch-encode.ts'
import { VarintReader, varintSize, writeVarint } from './varint.ts'

const COMPRESSIONS: Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const NO_STAMP = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

const records = fc.array(
  fc.record({
    key: fc.option(fc.string({ unit: 'grapheme' })),
    value: fc.option(fc.string({ unit: 'grapheme', maxLength: 2_000 })),
    headers: fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })), { maxLength: 4 }),
    timestampMs: fc.integer({ min: 0, max: 2 ** 41 }),
  }),
  { minLength: 1, maxLength: 30 },
)

function encode(
  batch: { key: string | null; value: string | null; headers: [string, string][]; timestampMs: number }[],
  compression: Compression,
): Buffer {
  const builder = new RecordBatchBuilder()
  for (const record of batch) builder.append({ topic: 't', ...record }, 0)
  return stampBatch(builder.seal(compression), NO_STAMP)
}

test('records come back as they were written, under every compression', () => {
  fc.assert(
    fc.property(records, fc.constantFrom(...COMPRESSIONS), (batch, compression) => {
      const decoded = decodeRecordBatches(encode(batch, compression), 't', 3, 0)
      expect(decoded.nextOffset).toBe(batch.length)
      const back = decoded.records.map((record) => ({
        key: record.key?.toString() ?? null,
        value: record.value?.toString() ?? null,
        headers: [...record.headers].map(([name, value]) => [name, value.toString()]),
        timestampMs: record.timestampMs,
      }))
      expect(back).toEqual(batch)
      expect(decoded.records.map(({ offset }) => offset)).toEqual(batch.map((_, index) => index))
    }),
  )
})

test('a batch that was damaged is refused, and one that was cut off is left for the next fetch', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, place, change) => {
      const bytes = encode(batch, 'none')
      // Behind the checksum every byte is covered by it.
      const at = 21 + (place % (bytes.length - 21))
      bytes[at]! ^= change
      expect(() => decodeRecordBatches(bytes, 't', 0, 0)).toThrow(CorruptBatchError)
      bytes[at]! ^= change
      const cut = decodeRecordBatches(bytes.subarray(0, bytes.length - 1 - (place % 10)), 't', 0, 0)
      expect(cut.records).toEqual([])
      expect(cut.nextOffset).toBe(0)
    }),
  )
})

test('records before the position that was asked for are left out, as a batch may begin before it', () => {
  const bytes = encode(
    [0, 1, 2].map((n) => ({ key: null, value: `${n}`, headers: [], timestampMs: 0 })),
    'snappy',
  )
  expect(decodeRecordBatches(bytes, 't', 0, 2).records.map(({ offset }) => offset)).toEqual([2])
})

test('a varint takes the bytes that its size says, and comes back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (value) => {
      const buffer = Buffer.alloc(16)
      const end = writeVarint(buffer, 0, value)
      expect(end).toBe(varintSize(value))
      expect(new VarintReader(buffer, 0).read()).toBe(value)
    }),
  )
})

// Hashes from Kafka's own tests (UtilsTest.testMurmur2); the sign bit is dropped, as its partitioner does.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the key %s is hashed as by the Java client', (key, hash) => {
  expect(partitionOfKey(key, 2 ** 31 - 1)).toBe(hash & 0x7fffffff)
  expect(partitionOfKey(Buffer.from(key), 50)).toBe((hash & 0x7fffffff) % 50)
})
