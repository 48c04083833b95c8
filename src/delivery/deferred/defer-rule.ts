/** An operator that a task waits for, and the revision of operators and routes by which it does. */
export interface Awaited {
  readonly operator: string
  readonly revision: number
}

/** The tasks of a lane before a task: deferred, or released and not done yet. */
export interface Predecessor {
  readonly dueMs: number
  /** When it was put into the outbox again; null while it waits. */
  readonly releasedMs: number | null
}

/** When a wait is long enough to be spent in PostgreSQL. */
export interface DeferRules {
  /** Waits longer than that leave memory. */
  readonly deferMs: number
  /** Tasks whose operators are unavailable for longer leave memory too. */
  readonly deferAfterMs: number
}

const BEHIND_MS_MIN = 1_000
const BEHIND_MS_MAX = 60_000
const AWAIT_MS_MIN = 60_000
const AWAIT_MS_MAX = 600_000

/** Whether a task that has to wait until then is better deferred than kept in memory. */
export function shouldDefer(untilMs: number, nowMs: number, { deferMs }: DeferRules): boolean {
  return untilMs - nowMs > deferMs
}

/** Whether a task is better deferred than kept in memory whose operators have all been unavailable for so long. */
export function shouldAwait(unavailableMs: number, { deferAfterMs }: DeferRules): boolean {
  return unavailableMs > deferAfterMs
}

/**
 * For how long a task waits for an operator that does not call it back. If other operators may have it, of which one may
 * be there sooner: as long again as it has waited, so that it looks a few times in a long outage, and not every minute.
 * `spread` is from 0 to below 1.
 */
export function awaitMs(waitedMs: number, isOnly: boolean, spread: number): number {
  const ms = isOnly ? AWAIT_MS_MAX : Math.min(AWAIT_MS_MAX, Math.max(AWAIT_MS_MIN, waitedMs))
  return ms * (0.75 + spread / 2)
}

/** When a task that waits is to come back: no later than its validity ends, as its money is given back then. */
export function dueOf(untilMs: number, validUntilMs: number | null, nowMs: number): number {
  return validUntilMs === null || validUntilMs <= nowMs ? untilMs : Math.min(untilMs, validUntilMs)
}

/**
 * When a task is to come back that may not overtake another: with it, and behind it, as what is due at once is released
 * in the order of places. One that was released is on its way and will be found before us in our partition; should
 * it be lost, we come back ever more rarely until it was published again.
 */
export function dueBehind(predecessor: Predecessor, validUntilMs: number | null, nowMs: number): number {
  const { dueMs, releasedMs } = predecessor
  if (releasedMs === null) return dueOf(Math.max(dueMs, nowMs), validUntilMs, nowMs)
  const waitMs = Math.min(BEHIND_MS_MAX, Math.max(BEHIND_MS_MIN, (nowMs - releasedMs) / 2))
  return dueOf(nowMs + waitMs, validUntilMs, nowMs)
}
