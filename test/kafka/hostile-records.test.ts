import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { DONE, retryAt } from '../../src/kafka/consumer/outcome.ts'
import { varintSize, writeVarint } from '../../src/kafka/wire/varint.ts'
import { eventually } from '../gateway/eventually.ts'
import { recordBatchBytes } from '../servers/consumed-record.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember } from '../servers/group-member.ts'
import { produceBatch } from '../servers/transactional-producer.ts'

const MEBIBYTE = 1_048_576

afterEach(() => {
  vi.restoreAllMocks()
})

/** A record of so many zeros, as its producer frames it. */
function recordOfZeros(bytes: number): Buffer {
  const body = Buffer.alloc(bytes + 64)
  // Behind its length: attributes, time, offset, no key, value, no headers.
  const valueAt = writeVarint(body, writeVarint(body, 20, -1), bytes)
  const end = valueAt + bytes + 1
  const lengthBytes = varintSize(end - 17)
  writeVarint(body, 17 - lengthBytes, end - 17)
  return body.subarray(17 - lengthBytes, end)
}

test('bombs that a broker took cost their own records alone: the partition goes on, and a faulty record names each', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  await produceBatch(cluster, topic, ['before'])
  const zeros = recordOfZeros(96 * MEBIBYTE)
  const bombs = [recordBatchBytes(zstdCompressSync(zeros), 'zstd', 1), recordBatchBytes(gzipSync(zeros), 'gzip', 1)]
  for (const bomb of bombs) {
    expect(bomb.length).toBeLessThan(200_000)
    expect(await produceBatch(cluster, topic, bomb)).toBe(0)
  }
  await produceBatch(cluster, topic, ['after'])
  const seen: [number, string][] = []
  await startMember({
    cluster,
    topic,
    groupId: uniqueName('group'),
    handle: ({ offset, value, fault }) => {
      seen.push([offset, fault ?? value!.toString()])
      return DONE
    },
  })
  await eventually(
    '4 records or batches are handled',
    () => seen.length,
    (count) => count === 4,
  )
  expect(seen).toEqual([
    [0, 'before'],
    [1, expect.stringContaining('offsets 1 to 1 cannot be read: its zstd data decompresses to more than')],
    [2, expect.stringContaining('offsets 2 to 2 cannot be read: its gzip data decompresses to more than')],
    [3, 'after'],
  ])
})

test.each([600_000, -600_000])('a consumer whose clock is off by %i ms handles, retries and commits', async (offMs) => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 2)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 200)
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + offMs)
  const tries = new Map<string, number>()
  await startMember({
    cluster,
    topic,
    groupId,
    handle: (record) => {
      const value = record.value!.toString()
      tries.set(value, (tries.get(value) ?? 0) + 1)
      return Number(value) % 10 === 0 && tries.get(value) === 1 ? retryAt(Date.now() + 200) : DONE
    },
  })
  const committed = await eventually(
    'all 200 records are committed',
    () => committedByPartition(cluster, groupId),
    (offsets) => [...offsets.values()].reduce((sum, offset) => sum + offset, 0) === 200,
  )
  expect([...committed.values()].reduce((sum, offset) => sum + offset, 0)).toBe(200)
  expect([...tries.values()].filter((count) => count === 2)).toHaveLength(20)
})
