import { expect, test } from 'vitest'
import { latencyHistogram, percentilesMs, recordMs } from './latency.ts'

test('percentiles are to three digits', () => {
  const histogram = latencyHistogram()
  for (let ms = 1; ms <= 1_000; ms++) recordMs(histogram, ms)
  const { p50, p95, p99, p999, max } = percentilesMs(histogram)
  for (const [value, about] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
    [p999, 999],
    [max, 1_000],
  ] as const) {
    expect(Math.abs(value - about) / about).toBeLessThan(0.002)
  }
})

test('what is shorter or longer than the range counts as its shortest or longest value', () => {
  const histogram = latencyHistogram()
  recordMs(histogram, 0)
  recordMs(histogram, 1e9)
  expect(percentilesMs(histogram).p50).toBe(0.001)
  expect(percentilesMs(histogram).max).toBeGreaterThanOrEqual(600_000)
})

test('nothing recorded is not nought', () => {
  expect(percentilesMs(latencyHistogram()).p99).toBeNaN()
})
