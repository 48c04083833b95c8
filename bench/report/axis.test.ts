import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitScale, roundStep, shortNumber } from './axis.ts'

test('an axis holds all of its values, between ticks that rise', () => {
  const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(values, fc.constantFrom('linear' as const, 'log' as const), (some, scale) => {
      const { ticks, place } = fitScale({ label: '', scale }, some)
      for (const value of some) {
        expect(place(value)).toBeGreaterThanOrEqual(-1e-9)
        expect(place(value)).toBeLessThanOrEqual(1 + 1e-9)
      }
      const places = ticks.map(([at]) => place(at))
      expect(places).toEqual([...places].sort((a, b) => a - b))
      expect([places[0], places.at(-1)]).toEqual([expect.closeTo(0), expect.closeTo(1)])
    }),
  )
})

test('a linear axis begins at nought by default', () => {
  expect(fitScale({ label: '' }, [80, 100]).ticks[0]).toEqual([0, '0'])
  expect(fitScale({ label: '', fromZero: false }, [80, 100]).ticks[0]).toEqual([80, '80'])
})

test('names are at their places instead of numbers', () => {
  const { ticks } = fitScale(
    {
      label: '',
      names: [
        [0, 'snappy'],
        [1, 'zstd'],
      ],
    },
    [0, 1],
  )
  expect(ticks).toEqual([
    [0, 'snappy'],
    [1, 'zstd'],
  ])
})

test('steps are round, and numbers short', () => {
  expect([0.3, 1, 3, 12, 51].map(roundStep)).toEqual([0.5, 1, 5, 20, 100])
  expect([0.05, 950, 10_000, 25_500, 1_500_000].map(shortNumber)).toEqual(['0.05', '950', '10k', '25.5k', '1.5M'])
})
