import { expect, test } from 'vitest'
import { ConsumerProgress } from './consumer-progress.ts'

test('a consumer with failing records that gets none done is not ready after a minute, and is when one is done', () => {
  let nowMs = 0
  const progress = new ConsumerProgress(() => nowMs)
  progress.measured(5, false)
  progress.failed(new Error('no table'))
  nowMs = 59_000
  expect(progress.check).not.toThrow()
  nowMs = 60_000
  progress.failed(new Error('no table'))
  expect(progress.check).toThrow('no record was handled for 60 s: no table')
  progress.completed()
  expect(progress.check).not.toThrow()
})

test('what only waits, or has nothing to do, is ready', () => {
  let nowMs = 0
  const progress = new ConsumerProgress(() => nowMs)
  progress.measured(5, false)
  nowMs = 3_600_000
  expect(progress.check).not.toThrow()
  progress.failed(new Error('x'))
  progress.measured(0, false)
  nowMs = 7_200_000
  expect(progress.check).not.toThrow()
  progress.measured(0, true)
  expect(progress.check).toThrow('x')
})
