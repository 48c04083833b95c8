import { expect, test } from 'vitest'
import type { PartitionLag } from '../lag/read-lag.ts'
import { ReadUpTo } from './read-up-to.ts'

const lag = (group: string, currentOffset: number, logEndOffset: number, logStartOffset = 0): PartitionLag => {
  return {
    group,
    topic: 'sms.status',
    partition: 0,
    currentOffset,
    logStartOffset,
    logEndOffset,
    lag: logEndOffset - currentOffset,
  }
}

function reader() {
  let lags: readonly PartitionLag[] = []
  const readUpTo = new ReadUpTo(async () => lags)
  return (atMs: number, ...now: readonly PartitionLag[]) => {
    lags = now
    return readUpTo.look(atMs)
  }
}

test('what was published before a look is read when every group has passed the ends of that look', async () => {
  const look = reader()
  expect(await look(100, lag('clickhouse', 5, 10), lag('audit', 10, 10))).toBe(0)
  expect(await look(200, lag('clickhouse', 9, 50), lag('audit', 50, 50))).toBe(0)
  expect(await look(300, lag('clickhouse', 10, 90), lag('audit', 60, 90))).toBe(100)
  // The next probe set out at 300, when the log ended at 90.
  expect(await look(400, lag('clickhouse', 90, 95), lag('audit', 89, 95))).toBe(100)
  expect(await look(500, lag('clickhouse', 95, 95), lag('audit', 95, 95))).toBe(300)
})

test('a group that nobody uses holds nothing that its topic has dropped, nor what was cut off', async () => {
  const look = reader()
  await look(100, lag('given-up', 5, 10))
  expect(await look(200, lag('given-up', 5, 20, 9))).toBe(0)
  expect(await look(300, lag('given-up', 5, 20, 10))).toBe(100)
  const cut = reader()
  await cut(100, lag('group', 5, 10))
  expect(await cut(200, lag('group', 5, 5))).toBe(100)
})

test('without any group there is nobody to wait for, but for the probe', async () => {
  const look = reader()
  expect(await look(100)).toBe(0)
  expect(await look(200)).toBe(100)
})
