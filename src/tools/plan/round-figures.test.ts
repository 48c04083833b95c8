import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asShown, downToTwoFigures, unitsFor, upToTwoFigures } from './round-figures.ts'

const figures = fc.double({ min: 1e-6, max: 1e15, noNaN: true })

test('figures are whole from ten on, and have two digits below that', () => {
  expect([1_157.4, 46.67, 85.2, 11.76, 9.94, 1.08, 0.0357].map(asShown)).toEqual([1_157, 47, 85, 12, 9.9, 1.1, 0.036])
})

test('a rate is planned as no less, a promise as no more, and either within a tenth', () => {
  expect([1_157.4, 1_200, 57_870, 0.0115].map(upToTwoFigures)).toEqual([1_200, 1_200, 58_000, 0.012])
  expect([124_137_931, 120_000_000, 0].map(downToTwoFigures)).toEqual([120_000_000, 120_000_000, 0])
  fc.assert(
    fc.property(figures, (value) => {
      const [up, down] = [upToTwoFigures(value), downToTwoFigures(value)]
      const nearly = value * 1e-9
      expect(up).toBeGreaterThanOrEqual(value - nearly)
      expect(up).toBeLessThan(value * 1.1 + nearly)
      expect(down).toBeLessThanOrEqual(value + nearly)
      expect(down).toBeGreaterThan(value * 0.9 - nearly)
    }),
  )
})

test('rounding keeps the order of figures', () => {
  fc.assert(
    fc.property(figures, figures, (a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)]
      for (const round of [asShown, upToTwoFigures, downToTwoFigures]) {
        expect(round(less)).toBeLessThanOrEqual(round(more))
      }
    }),
  )
})

test('there are never too few units, and always one', () => {
  expect([unitsFor(0.001, 100), unitsFor(300, 100), unitsFor(0.1 + 0.2, 0.1), unitsFor(301, 100)]).toEqual([1, 3, 3, 4])
})
