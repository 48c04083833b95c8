/**
 * Whether an operator takes messages.
 * - `ready`: it does, or its line broke a moment ago and may be back at once.
 * - `unbound`: there is no line to it, for longer than that.
 * - `broken`: it fails nearly always; see `breaker.ts`.
 */
export type LineCondition = 'ready' | 'unbound' | 'broken'

/** Why a message may go to the next operator of its route. */
export type FailoverReason = 'unbound' | 'broken' | 'refusing'

/** An operator that may carry the message. The first is the one that the route prefers. */
export interface LineChoice {
  readonly operator: string
  readonly condition: LineCondition
  /** How often it has refused this message for now. */
  readonly refusals: number
  /** On what the next one is used instead. */
  readonly failover: readonly FailoverReason[]
}

/**
 * Which operator gets the next attempt; null while the message waits for one. `home` has a part of the message already,
 * or may have one that must not be sent twice: no other will do.
 */
export function chooseLine(choices: readonly LineChoice[], home: string | null, refusalsMax: number): string | null {
  if (home !== null) return choices.find(({ operator }) => operator === home)?.condition === 'ready' ? home : null
  let refusing: string | null = null
  for (const { operator, condition, refusals, failover } of choices) {
    if (condition !== 'ready') {
      if (!failover.includes(condition)) return refusing
      continue
    }
    if (refusals < refusalsMax || !failover.includes('refusing')) return operator
    // If no other takes it, it is tried again.
    refusing ??= operator
  }
  return refusing
}
