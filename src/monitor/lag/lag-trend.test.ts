import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OffsetSample } from './lag-rules.ts'
import { lagTrend } from './lag-trend.ts'

const START_MS = 1_800_000_000_000

/** Samples ten seconds apart with these lags. */
const samplesOf = (...lags: readonly number[]): OffsetSample[] =>
  lags.map((lag, index) => {
    return { atMs: START_MS + index * 10_000, currentOffset: 7, logStartOffset: 0, logEndOffset: 7 + lag }
  })

test('of a line the trend is its slope, and a shrinking one ends when nothing is left', () => {
  expect(lagTrend(samplesOf(0, 100, 200, 300))).toEqual({
    direction: 'growing',
    perSecond: 10,
    caughtUpAfterSeconds: null,
  })
  expect(lagTrend(samplesOf(400, 300, 200, 100))).toEqual({
    direction: 'shrinking',
    perSecond: -10,
    caughtUpAfterSeconds: 10,
  })
})

test('two moments make a trend, and fewer do not', () => {
  expect(lagTrend([])).toBeNull()
  expect(lagTrend(samplesOf(9))).toBeNull()
  const [first] = samplesOf(9)
  expect(lagTrend([first!, { ...first!, logEndOffset: 400 }])).toBeNull()
  expect(lagTrend(samplesOf(0, 50))).toMatchObject({ direction: 'growing', perSecond: 5 })
})

test('less than five records, or a tenth of the mean, over the samples is steady', () => {
  expect(lagTrend(samplesOf(0, 4))).toMatchObject({ direction: 'steady', perSecond: 0.4, caughtUpAfterSeconds: null })
  expect(lagTrend(samplesOf(0, 5))).toMatchObject({ direction: 'growing' })
  expect(lagTrend(samplesOf(5, 0))).toMatchObject({ direction: 'shrinking', caughtUpAfterSeconds: 0 })
  expect(lagTrend(samplesOf(1_000, 1_104))).toMatchObject({ direction: 'steady' })
  expect(lagTrend(samplesOf(1_000, 1_106))).toMatchObject({ direction: 'growing' })
})

test('the line is the one of least squares, wherever the clock and the lag begin', () => {
  const lags = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 30 })
  fc.assert(
    fc.property(lags, (drawn) => {
      const { perSecond } = lagTrend(samplesOf(...drawn))!
      // The textbook's other form, by sums: n Σxy − Σx Σy over n Σx² − (Σx)².
      const x = drawn.map((_, index) => index * 10)
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
      const n = drawn.length
      const slope =
        (n * sum(drawn.map((lag, index) => lag * x[index]!)) - sum(x) * sum(drawn)) /
        (n * sum(x.map((each) => each ** 2)) - sum(x) ** 2)
      expect(perSecond).toBeCloseTo(slope, 4)
    }),
  )
})
