import { expect, test } from 'vitest'
import { consumerOptions } from './consumer-options.ts'

const REQUIRED = { groupId: 'g', topics: ['t'] }

test('the default profile is the worker’s, as it was asked for', () => {
  expect(consumerOptions(REQUIRED)).toMatchObject({
    startFrom: 'earliest',
    commit: 'handled',
    sessionTimeoutMs: 10_000,
    pollIntervalMsMax: 300_000,
    fetchBytesMin: 1_024,
    fetchWaitMsMax: 500,
    partitionBytesMax: 1_048_576,
    recordsPerPollMax: 500,
    groupInstanceId: null,
  })
  expect(consumerOptions(REQUIRED, { fetchBytesMin: 1 }, 'bulk')).toMatchObject({ fetchBytesMin: 1, fetchPauseMs: 500 })
})

test('options that cannot be are named', () => {
  expect(() => consumerOptions({ ...REQUIRED, groupId: '' })).toThrow('groupId')
  expect(() => consumerOptions({ ...REQUIRED, topics: [] })).toThrow('topics')
  expect(() => consumerOptions(REQUIRED, { groupInstanceId: '' })).toThrow('groupInstanceId')
  expect(() => consumerOptions(REQUIRED, { heartbeatMs: 5_000 })).toThrow('heartbeatMs')
  expect(() => consumerOptions(REQUIRED, { drainMsMax: 400_000 })).toThrow('drainMsMax')
  expect(() => consumerOptions(REQUIRED, { partitionBytesMax: 2 ** 30 })).toThrow('partitionBytesMax')
  expect(() => consumerOptions(REQUIRED, { recordsPerPollMax: 0 })).toThrow('recordsPerPollMax')
  expect(() => consumerOptions(REQUIRED, { recordsPerShareMax: 0 })).toThrow('recordsPerShareMax')
  expect(() => consumerOptions(REQUIRED, { readAheadOffsetsMax: 100 })).toThrow('readAheadOffsetsMax')
})
