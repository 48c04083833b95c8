import type { QueryConfig } from 'pg'

/** Permille of the agreed pace that come back each second after an operator throttled: all of it within ten. */
const RECOVERY_PERMILLE_PER_SECOND = 100
/** A throttled answer takes the pace down to this share of what it is. */
const SLOWDOWN = 0.7
/** Minimum rate, so that an operator that accepts more again is noticed. */
const PERMILLE_MIN = 20
/** Throttled answers that come together, at all workers, count as one. */
const SLOWDOWN_MS_MIN = 1_000

/** How much of the agreed pace is used now. */
const PERMILLE = `greatest(${PERMILLE_MIN}, least(1000, pace.permille
  + ${RECOVERY_PERMILLE_PER_SECOND} * extract(epoch FROM clock_timestamp() - pace.throttled_at)))::double precision`
const SLOT_MS = `(1000 * 1000 / ($3::double precision * ${PERMILLE}))`
const SOONEST = `clock_timestamp() + $4::double precision * interval '1 millisecond'`

/** Slots that were reserved, one behind the other; times in milliseconds since the epoch, by the database's clock. */
export interface ReservedRow {
  readonly end_ms: number
  readonly slot_ms: number
  readonly now_ms: number
}

/**
 * Takes the next `slots` slots of an operator; the next caller gets those behind them. None begins sooner than
 * `leadMs` from now.
 */
export function reserveSlots(operator: string, slots: number, perSecond: number, leadMs: number): QueryConfig {
  return {
    name: 'pace-reserve',
    text: `
      INSERT INTO operator_pace AS pace (operator, next_at, permille, throttled_at)
      VALUES ($1, ${SOONEST} + $2::integer * interval '1 second' / $3::double precision, 1000, 'epoch')
      ON CONFLICT (operator) DO UPDATE SET
        next_at = greatest(pace.next_at, ${SOONEST}) + $2::integer * ${SLOT_MS} * interval '1 millisecond'
      RETURNING 1000 * extract(epoch FROM next_at)::double precision AS end_ms, ${SLOT_MS} AS slot_ms,
        1000 * extract(epoch FROM clock_timestamp())::double precision AS now_ms`,
    values: [operator, slots, perSecond, leadMs],
  }
}

/** The operator throttled: no worker submits for `pauseMs`, and then all more slowly. */
export function slowDown(operator: string, pauseMs: number): QueryConfig {
  return {
    name: 'pace-slow-down',
    text: `
      UPDATE operator_pace AS pace SET
        permille = greatest(${PERMILLE_MIN}, ${SLOWDOWN} * ${PERMILLE}),
        throttled_at = clock_timestamp() + $2::double precision * interval '1 millisecond',
        next_at = greatest(next_at, clock_timestamp() + $2::double precision * interval '1 millisecond')
      WHERE operator = $1 AND throttled_at < clock_timestamp() - interval '${SLOWDOWN_MS_MIN} milliseconds'`,
    values: [operator, pauseMs],
  }
}
