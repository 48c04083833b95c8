import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ratioOfRounds, spread } from './compare-rounds.ts'

test('the middle of an even number of values lies between the two in the middle', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
  expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 })
})

test('what slows both of a round by the same leaves the ratio as it is', () => {
  const round = fc.record({
    speed: fc.double({ min: 1, max: 1e6, noNaN: true }),
    slowdown: fc.integer({ min: 1, max: 64 }),
  })
  fc.assert(
    fc.property(fc.array(round, { minLength: 1 }), (rounds) => {
      const theirs = rounds.map(({ speed, slowdown }) => speed / slowdown)
      const { median, min, max } = ratioOfRounds(
        theirs.map((value) => value * 0.8),
        theirs,
      )
      for (const value of [median, min, max]) expect(value).toBeCloseTo(0.8)
    }),
  )
})

test('a round that only one of them ran is no comparison', () => {
  expect(() => ratioOfRounds([1, 2], [1])).toThrow(RangeError)
})
