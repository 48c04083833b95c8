import { expect, test } from 'vitest'
import { RateLimit } from './rate-limit.ts'

/** How many of ten in each of some seconds of the clock are too many. */
function over(limit: RateLimit, seconds: number): number[] {
  return Array.from({ length: seconds }, (_, second) => {
    const moments = Array.from({ length: 10 }, (__, index) => second * 1_000 + index * 100)
    return moments.filter((ms) => limit.isOver(ms)).length
  })
}

test('what exceeds the limit in a second of the clock is too many', () => {
  expect(over(new RateLimit(6, 0), 3)).toEqual([4, 4, 4])
})

test('a limit for a while holds from the first that comes, and then none does', () => {
  expect(over(new RateLimit(6, 2_000), 4)).toEqual([4, 4, 0, 0])
})

test('without a limit nothing is too many', () => {
  expect(over(new RateLimit(0, 0), 2)).toEqual([0, 0])
})
