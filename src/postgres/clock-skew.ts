import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import type { Pool } from './pool.ts'

const SAMPLE_MS = 15_000
const SKEW_MS_MAX = 1_000

/** How far PostgreSQL's clock, the reference of all processes, is ahead of ours; wrong by `errorMs` at most. */
export interface ClockReading {
  readonly skewMs: number
  readonly errorMs: number
}

/** Asks PostgreSQL for its time, which is compared with the middle of the round trip. */
export async function readClock(pool: Pick<Pool, 'query'>): Promise<ClockReading> {
  const sentMs = Date.now()
  const { rows } = await pool.query<{ now_ms: number }>({
    name: 'clock-read',
    text: 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms',
  })
  const answeredMs = Date.now()
  return {
    skewMs: rows[0]!.now_ms - (sentMs + answeredMs) / 2,
    errorMs: (answeredMs - sentMs) / 2 + 1,
  }
}

/** Whether the clocks certainly differ by more than a second: a slow answer alone proves nothing. */
export function isSkewed({ skewMs, errorMs }: ClockReading): boolean {
  return Math.abs(skewMs) - errorMs > SKEW_MS_MAX
}

export interface ClockSkewParts {
  readonly pool: Pool
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * Measures this process's clock against PostgreSQL's, shows the difference as `smsgw_clock_skew_seconds`, and warns of
 * more than a second, once until it is less. Nothing is decided by it: what processes agree on is PostgreSQL's time.
 */
export class ClockSkew {
  readonly #parts: ClockSkewParts
  readonly #gauge
  readonly #failure: RepeatedFailure
  readonly #loop = new RoundLoop(() => this.#round())
  #isWarned = false

  constructor(parts: ClockSkewParts) {
    this.#parts = parts
    this.#gauge = parts.metrics.gaugeSet('smsgw_clock_skew_seconds', "PostgreSQL's clock minus that of the process", [])
    this.#failure = new RepeatedFailure({ what: 'clock comparison with PostgreSQL', log: parts.log })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async sample(): Promise<ClockReading> {
    const reading = await readClock(this.#parts.pool)
    this.#gauge.set(reading.skewMs / 1_000)
    const isWrong = isSkewed(reading)
    const fields = { skew_ms: Math.round(reading.skewMs), error_ms: Math.round(reading.errorMs) }
    if (isWrong && !this.#isWarned) this.#parts.log.warn(fields, 'clock differs from PostgreSQL by more than a second')
    if (!isWrong && this.#isWarned) this.#parts.log.info(fields, 'clock agrees with PostgreSQL again')
    this.#isWarned = isWrong
    return reading
  }

  /** Returns how long to wait for the next one. */
  async #round(): Promise<number> {
    try {
      await this.sample()
      this.#failure.succeeded()
      return SAMPLE_MS
    } catch (error) {
      return this.#failure.failed(error)
    }
  }
}
