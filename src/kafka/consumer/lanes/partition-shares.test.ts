import { expect, test } from 'vitest'
import { consumedRecord } from '../../../../test/servers/consumed-record.ts'
import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import { OffsetTracker } from '../commit/offset-tracker.ts'
import { PartitionShares } from './partition-shares.ts'

const ROOM = 1_000

/** Shares of at most two records, named by their keys. */
function shares() {
  const tracker = new OffsetTracker<object>(0)
  const all = new PartitionShares(tracker, { shareOf: ({ key }) => key!.toString(), recordsPerShareMax: 2 })
  const record = (offset: number, key: string): ConsumedRecord => consumedRecord({ offset, key })
  const admit = (offset: number, key: string) => {
    const share = all.admit(record(offset, key), ROOM)
    if (share) tracker.begin(offset, {})
    return share
  }
  return { tracker, all, record, admit }
}

test('a share whose deferred records have all left the log is deferred no longer, though others are', () => {
  const { tracker, all, record, admit } = shares()
  const held = ['a', 'a', 'a', 'b', 'b', 'b'].map((key, offset) => admit(offset, key))
  expect(tracker.deferred).toBe(2)
  all.leave(held[0]!, ROOM)
  expect(all.refillOffset(ROOM)).toBe(2)
  all.beginScan(2, ROOM)
  // Of the deferred ones, 2 is not in the answer, and the other's share has no room.
  for (const [offset, key] of [
    [3, 'b'],
    [4, 'b'],
    [5, 'b'],
  ] as const) {
    expect(all.admitDeferred(record(offset, key), ROOM)).toBeNull()
  }
  all.endScan(6, 6)
  expect(tracker.deferred).toBe(1)
  expect(admit(6, 'a')).not.toBeNull()
  expect(admit(7, 'b')).toBeNull()
})

test('shares with room are served in turn, each from its own first deferred record', () => {
  const { all, record, admit, tracker } = shares()
  const held = ['a', 'a', 'b', 'b', 'a', 'a', 'a', 'b', 'b', 'b'].map((key, offset) => admit(offset, key))
  expect(all.refillOffset(ROOM)).toBeNull()
  all.leave(held[2]!, ROOM)
  expect(all.takeAwaited()).toBe(true)
  expect(all.takeAwaited()).toBe(false)
  expect(all.refillOffset(ROOM)).toBe(7)
  all.leave(held[0]!, ROOM)
  // The share that was deferred first is served first, and what the answer holds of the other is taken as well.
  expect(all.refillOffset(ROOM)).toBe(4)
  all.beginScan(4, ROOM)
  const taken = ['a', 'a', 'a', 'b', 'b', 'b'].flatMap((key, n) => {
    const share = all.admitDeferred(record(4 + n, key), ROOM)
    if (share) tracker.begin(4 + n, {})
    return share ? [4 + n] : []
  })
  expect(taken).toEqual([4, 7])
  all.endScan(10, 10)
  expect(all.refillOffset(ROOM)).toBeNull()
  all.leave(held[1]!, ROOM)
  all.leave(held[3]!, ROOM)
  expect(all.refillOffset(ROOM)).toBe(8)
})
