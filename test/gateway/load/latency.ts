import { build, type Histogram } from 'hdr-histogram-js'

export interface LatencyMs {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Takes latencies from a microsecond to ten minutes, to three digits, in constant memory. */
export function latencyHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3 })
}

export function recordMs(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(600_000_000, Math.max(1, Math.round(ms * 1_000))))
}

/** NaN throughout when nothing was recorded. */
export function percentilesMs(histogram: Histogram): LatencyMs {
  const at = (percentile: number): number =>
    histogram.totalCount === 0 ? Number.NaN : histogram.getValueAtPercentile(percentile) / 1_000
  return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max: at(100) }
}
