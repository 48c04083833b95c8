import { build, type Histogram } from 'hdr-histogram-js'

/** Longer ones count as this long; a batch that takes it was given up long before. */
const MS_MAX = 600_000

interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What a producer did between two reports. Batches are counted when they are acknowledged. */
export interface ProducerReport {
  readonly seconds: number
  readonly records: number
  readonly recordsPerSecond: number
  readonly bytes: number
  readonly batches: number
  readonly recordsPerBatch: number
  readonly bytesPerBatch: number
  /** From the first record of a batch to its last send. */
  readonly queueMs: Percentiles
  readonly roundTripMs: Percentiles
  readonly retries: number
  readonly failedRecords: number
}

/** Adds up what a producer does until the next report. */
export class ProducerInterval {
  readonly #queueMs = build({ highestTrackableValue: MS_MAX, numberOfSignificantValueDigits: 2 })
  readonly #roundTripMs = build({ highestTrackableValue: MS_MAX, numberOfSignificantValueDigits: 2 })
  #sinceMs: number
  #batches = 0
  #records = 0
  #bytes = 0
  #retries = 0
  #failedRecords = 0

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  acknowledged(batch: { records: number; bytes: number; queueMs: number; roundTripMs: number }): void {
    this.#batches++
    this.#records += batch.records
    this.#bytes += batch.bytes
    this.#queueMs.recordValue(clamp(batch.queueMs))
    this.#roundTripMs.recordValue(clamp(batch.roundTripMs))
  }

  retried(): void {
    this.#retries++
  }

  failed(records: number): void {
    this.#failedRecords += records
  }

  /** The report of the time since the one before, and begins anew. Null if nothing happened. */
  take(nowMs: number): ProducerReport | null {
    const seconds = Math.max(0.001, (nowMs - this.#sinceMs) / 1_000)
    const isIdle = this.#batches + this.#retries + this.#failedRecords === 0
    const report = isIdle ? null : this.#report(seconds)
    this.#queueMs.reset()
    this.#roundTripMs.reset()
    this.#sinceMs = nowMs
    this.#batches = this.#records = this.#bytes = this.#retries = this.#failedRecords = 0
    return report
  }

  #report(seconds: number): ProducerReport {
    const batches = Math.max(1, this.#batches)
    return {
      seconds: Math.round(seconds * 10) / 10,
      records: this.#records,
      recordsPerSecond: Math.round(this.#records / seconds),
      bytes: this.#bytes,
      batches: this.#batches,
      recordsPerBatch: Math.round((this.#records / batches) * 10) / 10,
      bytesPerBatch: Math.round(this.#bytes / batches),
      queueMs: percentiles(this.#queueMs),
      roundTripMs: percentiles(this.#roundTripMs),
      retries: this.#retries,
      failedRecords: this.#failedRecords,
    }
  }
}

/** The clock may be set back while a batch is under way. */
function clamp(ms: number): number {
  return Math.min(MS_MAX, Math.max(0, ms))
}

function percentiles(histogram: Histogram): Percentiles {
  if (histogram.totalCount === 0) return { p50: 0, p99: 0, max: 0 }
  return {
    p50: histogram.getValueAtPercentile(50),
    p99: histogram.getValueAtPercentile(99),
    max: histogram.maxValue,
  }
}
