import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import { ClockOffset } from './clock-offset.ts'
import type { Pool, Queryable } from './pool.ts'

const SAMPLE_MS = 15_000
const SKEW_MS_MAX = 1_000

/** How far PostgreSQL's clock, the reference of all processes, is ahead of ours; wrong by `errorMs` at most. */
export interface ClockReading {
  readonly skewMs: number
  /** PostgreSQL's time when it answered, in milliseconds since 1970. */
  readonly databaseMs: number
  readonly errorMs: number
}

/** PostgreSQL's time, which processes agree on. */
export interface DatabaseClock {
  /** Milliseconds since 1970. */
  nowMs(): number
}

/** PostgreSQL's time in milliseconds since 1970, for one decision. */
export async function readDatabaseMs(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ now_ms: number }>({
    name: 'clock-read-whole',
    text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms',
  })
  return rows[0]!.now_ms
}

/** Asks PostgreSQL for its time, which is compared with the middle of the round trip. */
export async function readClock(pool: Pick<Pool, 'query'>): Promise<ClockReading> {
  const sentMs = Date.now()
  const { rows } = await pool.query<{ now_ms: number }>({
    name: 'clock-read',
    text: 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms',
  })
  const answeredMs = Date.now()
  const databaseMs = rows[0]!.now_ms
  return {
    skewMs: databaseMs - (sentMs + answeredMs) / 2,
    databaseMs,
    errorMs: (answeredMs - sentMs) / 2 + 1,
  }
}

/** Whether the clocks certainly differ by more than a second: a slow answer alone proves nothing. */
export function isSkewed({ skewMs, errorMs }: Pick<ClockReading, 'skewMs' | 'errorMs'>): boolean {
  return Math.abs(skewMs) - errorMs > SKEW_MS_MAX
}

export interface ClockSkewParts {
  readonly pool: Pool
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * Measures this process's clock against PostgreSQL's, shows the difference as `smsgw_clock_skew_seconds`, and warns of
 * more than a second, once until it is less. Between two readings PostgreSQL's time goes on by a monotonic clock, so
 * neither an offset of the process's own clock nor a step of it affects callers of `nowMs`.
 */
export class ClockSkew implements DatabaseClock {
  readonly #parts: ClockSkewParts
  readonly #gauge
  readonly #failure: RepeatedFailure
  /** From the process's monotonic clock to PostgreSQL's. */
  readonly #offset = new ClockOffset()
  readonly #loop = new RoundLoop(() => this.#round())
  #isWarned = false

  constructor(parts: ClockSkewParts) {
    this.#parts = parts
    this.#gauge = parts.metrics.gaugeSet('smsgw_clock_skew_seconds', "PostgreSQL's clock minus that of the process", [])
    this.#failure = new RepeatedFailure({ what: 'clock comparison with PostgreSQL', log: parts.log })
  }

  /** Again without effect. */
  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** PostgreSQL's time, wrong by half a round trip at most; before the first reading, the process's own. */
  nowMs(): number {
    return Math.floor(this.#offset.toTheirs(performance.now()) ?? Date.now())
  }

  async sample(): Promise<ClockReading> {
    const askedMs = performance.now()
    const reading = await readClock(this.#parts.pool)
    this.#offset.sample(askedMs, performance.now(), reading.databaseMs)
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
