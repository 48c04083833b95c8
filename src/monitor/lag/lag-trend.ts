import { lagOf, type OffsetSample } from './lag-rules.ts'

export interface LagTrend {
  readonly direction: 'growing' | 'steady' | 'shrinking'
  /** Records a second by which the lag grows; below 0 when it shrinks. */
  readonly perSecond: number
  /** When nothing will be waiting if it goes on like this; null unless it shrinks. */
  readonly caughtUpAfterSeconds: number | null
}

/** A change over the samples of less than this share of the mean lag, or of so few records, is none. */
const STEADY_SHARE = 0.1
const STEADY_RECORDS = 5

/** Where the lag is going: the line that fits the samples best. Null while there are fewer than two moments. */
export function lagTrend(samples: readonly OffsetSample[]): LagTrend | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.atMs === first.atMs) return null
  const meanMs = mean(samples.map(({ atMs }) => atMs))
  const meanLag = mean(samples.map(lagOf))
  let products = 0
  let squares = 0
  for (const sample of samples) {
    products += (sample.atMs - meanMs) * (lagOf(sample) - meanLag)
    squares += (sample.atMs - meanMs) ** 2
  }
  const perSecond = (products / squares) * 1_000
  const change = Math.abs(perSecond) * ((last.atMs - first.atMs) / 1_000)
  if (change < Math.max(STEADY_RECORDS, STEADY_SHARE * meanLag)) {
    return { direction: 'steady', perSecond, caughtUpAfterSeconds: null }
  }
  if (perSecond > 0) return { direction: 'growing', perSecond, caughtUpAfterSeconds: null }
  return { direction: 'shrinking', perSecond, caughtUpAfterSeconds: lagOf(last) / -perSecond }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
