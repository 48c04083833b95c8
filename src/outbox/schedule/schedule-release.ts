import type { Connection } from '../../postgres/pool.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Values } from '../../runtime/settings.ts'
import type { outboxSettings } from '../config.ts'
import { readNextDue, releaseDue } from './schedule-statements.ts'

/** What is scheduled or resumed meanwhile may be due before what was known to be next. */
const LOOK_MS_MAX = 250

/**
 * Moves what is due from the table of what is scheduled to the outbox. A relay does it between two rounds, for the
 * shards that it owns, so that a customer's messages come in the order of their times. A step is bounded: of a million
 * that are due at once, each lets those accepted meanwhile pass with the next round.
 */
export class ScheduleRelease {
  readonly #rowsPerShardMax: number
  readonly #lookAgainMs: number
  readonly #released
  readonly #late
  #lookAtMs = 0

  constructor(settings: Values<typeof outboxSettings>, metrics: Metrics) {
    this.#rowsPerShardMax = settings.SCHEDULE_ROWS_PER_SHARD_MAX
    this.#lookAgainMs = settings.RECONCILE_AFTER_MS
    this.#released = metrics.counter('smsgw_schedule_released_total', 'Scheduled messages and tasks released')
    this.#late = metrics.histogram('smsgw_schedule_late_seconds', 'From when the earliest of a release was due')
  }

  /** The shards are others, or something may be due. */
  lookNow(): void {
    this.#lookAtMs = 0
  }

  /** Returns how many rows were moved; queries nothing before the time at which something can be due. */
  async release(connection: Connection, shards: readonly number[], nowMs: number): Promise<number> {
    if (shards.length === 0 || nowMs < this.#lookAtMs) return 0
    const { rows: released } = await connection.query<{ rows: number; late_seconds: number }>(
      releaseDue(shards, this.#rowsPerShardMax, this.#lookAgainMs),
    )
    const { rows: moved, late_seconds: lateSeconds } = released[0]!
    if (moved > 0) {
      this.#released.inc(moved)
      this.#late.observe(lateSeconds)
      return moved
    }
    const { rows: next } = await connection.query<{ wait_ms: number | null }>(readNextDue(shards))
    this.#lookAtMs = nowMs + Math.max(0, Math.min(LOOK_MS_MAX, next[0]!.wait_ms ?? LOOK_MS_MAX))
    return 0
  }
}
