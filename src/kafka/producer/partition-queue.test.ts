import { expect, test } from 'vitest'
import { PartitionQueue } from './partition-queue.ts'
import { NO_IDENTITY } from './producer-identity.ts'

const LIMITS = { batchBytesMax: 10_000, requestBytesMax: 30_000 }
const NOW_MS = 1_000

function fill(queue: PartitionQueue, value: (n: number) => string): number {
  for (let n = 0; ; n++) {
    const text = value(n)
    const batch = queue.append({ topic: 't', key: null, value: text }, text.length, NOW_MS)
    if (batch !== queue.oldest) return n
  }
}

function sendOldest(queue: PartitionQueue): void {
  queue.sealOldest('snappy')
  queue.stampOldest(NO_IDENTITY)
  queue.acknowledgeOldest(0)
}

test('a batch holds as much as compresses to its limit, going by those before, and never more than fits a request', () => {
  const queue = new PartitionQueue('t', 0, LIMITS)
  const first = fill(queue, () => 'x'.repeat(100))
  expect(first).toBeLessThanOrEqual(100)
  for (let round = 0; round < 40; round++) {
    fill(queue, () => 'x'.repeat(100))
    sendOldest(queue)
  }
  const learnt = fill(queue, () => 'x'.repeat(100))
  expect(learnt).toBeGreaterThan(200)
  expect(learnt).toBeLessThanOrEqual(300)
})

test('what turns out not to be compressible is believed at once', () => {
  const queue = new PartitionQueue('t', 0, LIMITS)
  for (let round = 0; round < 40; round++) {
    fill(queue, () => 'x'.repeat(100))
    sendOldest(queue)
  }
  while (!queue.isEmpty) sendOldest(queue)
  const noise = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(75))).toString('latin1')
  fill(queue, noise)
  sendOldest(queue)
  sendOldest(queue)
  expect(fill(queue, noise)).toBeLessThanOrEqual(135)
})

test('a batch is due when it is full, has lingered, or has company behind it, but not before its back-off has ended', () => {
  const queue = new PartitionQueue('t', 0, LIMITS)
  queue.append({ topic: 't', key: null, value: 'x' }, 1, NOW_MS)
  expect(queue.dueAtMs(5)).toBe(NOW_MS + 5)
  fill(queue, () => 'x'.repeat(100))
  expect(queue.dueAtMs(5)).toBe(0)
  queue.retryAtMs = 7_000
  expect(queue.dueAtMs(5)).toBe(7_000)
})
