import { expect, test } from 'vitest'
import { consumedRecord } from '../../../../test/servers/consumed-record.ts'
import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import { AssignedPartition } from '../assigned-partition.ts'
import { nextPlace } from './fetch-place.ts'

const LIMITS = { recordsPerPartitionMax: 10, bytesPerPartitionMax: 1_000_000, readAheadOffsetsMax: 50 }

/** A partition of whose records all but the first are done at once; how far it is read until it is held back. */
function readWithStuckHead(shareOf: ((record: ConsumedRecord) => string) | null): number {
  const sharedBuffer = shareOf && { ...LIMITS, shareOf, recordsPerShareMax: 5 }
  const assigned = new AssignedPartition('t', 0, { topicId: '', offset: 0, sharedBuffer })
  for (let offset = 0; offset < 1_000; offset++) {
    if (!nextPlace(assigned, LIMITS)) return offset
    const held = assigned.hold(consumedRecord({ offset, key: offset === 0 ? 'stuck' : 'quick' }))!
    assigned.readTo(offset + 1)
    if (offset > 0) assigned.complete(held)
  }
  return 1_000
}

test('a record that waits at the head stops its partition when the buffer is full, or where it is shared out, much later', () => {
  expect(readWithStuckHead(null)).toBe(10)
  expect(readWithStuckHead(({ key }) => key!.toString())).toBe(50)
})
