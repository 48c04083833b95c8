import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highestHeld, nextRate, type TriedRate } from './find-rate.ts'

const search = { firstRate: 2_000, precision: 0.05, triesMax: 30 }

function findRate(limit: number, options = search): TriedRate[] {
  const tried: TriedRate[] = []
  while (true) {
    const ratePerSecond = nextRate(tried, options)
    if (ratePerSecond === null) return tried
    tried.push({ ratePerSecond, held: ratePerSecond <= limit })
  }
}

test('finds a limit as precisely as asked, wherever it lies', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 200_000 }), (limit) => {
      const found = highestHeld(findRate(limit))!
      expect(found).toBeLessThanOrEqual(limit)
      expect(found * (1 + search.precision) + 1).toBeGreaterThan(limit)
    }),
  )
})

test('grows by half, then closes in from both sides', () => {
  expect(findRate(3_950).map(({ ratePerSecond }) => ratePerSecond)).toEqual([2_000, 3_000, 4_500, 3_750, 4_125, 3_938])
})

test('gives up far below the first rate, and after so many tries', () => {
  expect(findRate(0).map(({ ratePerSecond }) => ratePerSecond)).toEqual([2_000, 1_000, 500, 250])
  expect(highestHeld(findRate(0))).toBeNull()
  expect(findRate(50_000, { ...search, triesMax: 3 })).toHaveLength(3)
})

test('a rate that was held above one that was not does not count', () => {
  const tried = [
    { ratePerSecond: 1_000, held: true },
    { ratePerSecond: 2_000, held: false },
    { ratePerSecond: 3_000, held: true },
  ]
  expect(highestHeld(tried)).toBe(1_000)
})
