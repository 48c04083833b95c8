import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressionsAlgorithms, crc32c } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headerOf } from './consumed-record.ts'
import { decompress, MalformedBatchError } from './decompress.ts'
import { detached } from './fetched-record.ts'
import { lz4FrameBytes } from './lz4-size.ts'
import { CorruptBatchError, decodeRecordBatches, PLAIN_BYTES_MAX, passDamaged } from './record-batch-decode.ts'
import { type Compression, RecordBatchBuilder, type SealedBatch, stampBatch } from './record-batch-encode.ts'

const NO_STAMP = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
const CODECS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
const ZEROS = Buffer.alloc(4 * PLAIN_BYTES_MAX)

const BOMBS: Record<keyof typeof CODECS, Buffer> = {
  gzip: gzipSync(ZEROS),
  snappy: compressionsAlgorithms.snappy.compressSync(ZEROS),
  lz4: compressionsAlgorithms.lz4.compressSync(ZEROS),
  zstd: zstdCompressSync(ZEROS),
}

function batch(values: readonly string[], compression: Compression = 'none', baseOffset = 0): Buffer {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append({ topic: 't', key: 'k', value, headers: [['h', 'v']] }, 1_000)
  return at(stampBatch(builder.seal(compression), NO_STAMP), baseOffset)
}

function withPayload(payload: Buffer, codec: number, count: number, baseOffset = 0): Buffer {
  const sealed: SealedBatch = { payload, attributes: codec, count, firstTimestampMs: 1_000, maxTimestampMs: 1_000 }
  return at(stampBatch(sealed, NO_STAMP), baseOffset)
}

function at(bytes: Buffer, baseOffset: number): Buffer {
  bytes.writeBigInt64BE(BigInt(baseOffset))
  return bytes
}

/** As a broker would take it: the checksum holds whatever was changed. */
function reseal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)) >>> 0, 17)
  return bytes
}

test.each(Object.entries(BOMBS))('a bomb of %s is one faulty record, and its neighbours are read', (name, bomb) => {
  const codec = CODECS[name as keyof typeof CODECS]
  const bytes = Buffer.concat([batch(['a']), withPayload(bomb, codec, 3, 1), batch(['b'], 'none', 4)])
  const { records, nextOffset } = decodeRecordBatches(bytes, 't', 0, 0)
  expect(nextOffset).toBe(5)
  expect(records.map(({ offset, value, fault }) => [offset, value?.toString() ?? null, fault === null])).toEqual([
    [0, 'a', true],
    [1, null, false],
    [4, 'b', true],
  ])
  expect(records[1]!.fault).toContain('offsets 1 to 3')
  expect(records[1]!.fault).toContain(`more than ${PLAIN_BYTES_MAX} bytes`)
})

test('the size of LZ4 frames is what they decompress to', () => {
  const parts = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 3_000 })), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(parts, (runs) => {
      const plain = Buffer.concat(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes)))
      const frame = compressionsAlgorithms.lz4.compressSync(plain)
      expect(lz4FrameBytes(frame, Number.MAX_SAFE_INTEGER)).toBe(plain.length)
      expect(lz4FrameBytes(Buffer.concat([frame, frame]), Number.MAX_SAFE_INTEGER)).toBe(2 * plain.length)
      expect(decompress(3, frame, plain.length).equals(plain)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('an answer of many bombs below the bound is decoded bit by bit, and all of it in the end', () => {
  const builder = new RecordBatchBuilder()
  builder.append({ topic: 't', key: null, value: Buffer.alloc(3_000_000) }, 1_000)
  const sealed = builder.seal('zstd')
  const answer = Buffer.concat(Array.from({ length: 12 }, (_, n) => at(stampBatch(sealed, NO_STAMP), n)))
  const offsets: number[] = []
  let calls = 0
  for (let from = 0; from < 12; calls++) {
    const { records, nextOffset } = decodeRecordBatches(answer, 't', 0, from)
    expect(records.length).toBeLessThanOrEqual(3)
    offsets.push(...records.map(({ offset }) => offset))
    from = nextOffset
  }
  expect(offsets).toEqual(Array.from({ length: 12 }, (_, n) => n))
  expect(calls).toBe(4)
})

test('whatever a producer writes under a checksum that holds: no throw, progress, offsets that rise and end', () => {
  const change = fc.record({ place: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
  const codec = fc.constantFrom<Compression>('none', 'gzip', 'snappy', 'lz4', 'zstd')
  const seen = { faulty: 0, whole: 0 }
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 20 }),
      codec,
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (values, compression, changes) => {
        const bytes = batch(values, compression, 100)
        // The header's last offset stays: a broker sets it. All else is the producer's.
        for (const { place, byte } of changes) bytes[57 + (place % (bytes.length - 57))] = byte
        const { records, nextOffset } = decodeRecordBatches(reseal(bytes), 't', 0, 100)
        expect(nextOffset).toBe(100 + values.length)
        let previous = 99
        for (const record of records) {
          expect(record.offset).toBeGreaterThan(previous)
          expect(record.offset).toBeLessThan(nextOffset)
          previous = record.offset
          expect(new Date(record.timestampMs).toISOString()).toMatch(/^\d{4}-/)
          for (const [name, value] of record.headers)
            expect(name.length + value.length).toBeLessThanOrEqual(bytes.length + 5_000)
          headerOf(record, 'h')
          detached(record)
          seen[record.fault === null ? 'whole' : 'faulty']++
        }
        expect(records.filter(({ fault }) => fault !== null).length).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 3_000 },
  )
  expect(seen.faulty).toBeGreaterThan(100)
  expect(seen.whole).toBeGreaterThan(1_000)
  // The codecs still work, whatever they were fed.
  for (const name of ['snappy', 'lz4'] as const) {
    expect(decodeRecordBatches(batch(['fine'], name), 't', 0, 0).records[0]!.value!.toString()).toBe('fine')
  }
})

test('records before a faulty one are read, and the fault names the rest', () => {
  const bytes = batch(['one', 'two', 'three'], 'none', 7)
  const second = bytes.indexOf('two') - 4
  bytes[second] = 0x7f
  const { records, nextOffset } = decodeRecordBatches(reseal(bytes), 't', 0, 7)
  expect(nextOffset).toBe(10)
  expect(records.map(({ offset, value }) => [offset, value?.toString() ?? null])).toEqual([
    [7, 'one'],
    [8, null],
  ])
  expect(records[1]!.fault).toContain('offsets 8 to 9')
})

test('absurd counts, codecs and times are faults of their batch, or become times that dates have', () => {
  const counted = batch(['a'])
  counted.writeInt32BE(2 ** 30, 57)
  expect(decodeRecordBatches(reseal(counted), 't', 0, 0).records[0]!.fault).toContain('1073741824 records')
  expect(() => decompress(7, Buffer.alloc(4), 10)).toThrow(MalformedBatchError)
  for (const [written, read] of [
    [-(2n ** 62n), 0],
    [2n ** 62n, 253_402_300_799_999],
    [-1n, 0],
  ] as const) {
    const timed = batch(['a'])
    timed.writeBigInt64BE(written, 27)
    expect(decodeRecordBatches(reseal(timed), 't', 0, 0).records[0]!.timestampMs).toBe(read)
  }
})

test('damage behind good batches costs none of them, and alone it is passed over in the end', () => {
  const damaged = batch(['x', 'y'], 'none', 1)
  damaged[70]! ^= 0xff
  const both = Buffer.concat([batch(['good']), damaged])
  expect(decodeRecordBatches(both, 't', 0, 0)).toMatchObject({ nextOffset: 1, records: [{ offset: 0 }] })
  expect(() => decodeRecordBatches(damaged, 't', 0, 1)).toThrow(CorruptBatchError)
  const passed = passDamaged(damaged, 't', 0, 1, 10)
  expect(passed).toMatchObject({ nextOffset: 3, records: [{ offset: 1 }] })
  expect(passed.records[0]!.fault).toContain('offsets 1 to 2')
  for (const length of [-12, 0, 2 ** 31 - 1]) {
    const cut = batch(['x'])
    cut.writeInt32BE(length, 8)
    expect(() => decodeRecordBatches(cut, 't', 0, 0)).toThrow(CorruptBatchError)
    expect(passDamaged(cut, 't', 0, 0, 10).nextOffset).toBe(1)
  }
})
