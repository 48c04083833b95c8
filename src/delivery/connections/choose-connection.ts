/**
 * Whether an operator takes messages.
 * - `ready`: it does, or its connection broke a moment ago and may be back at once.
 * - `unbound`: there is no connection to it, for longer than that.
 * - `broken`: it fails nearly always; see `circuit-breaker.ts`.
 */
export type ConnectionCondition = 'ready' | 'unbound' | 'broken'

/** An operator that may carry the message. */
export interface ConnectionChoice {
  readonly operator: string
  readonly condition: ConnectionCondition
  /** How often it has refused this message for now. */
  readonly refusals: number
}

/**
 * Which operator gets the next attempt: the first that takes messages and has not refused this one too often, else the
 * first that takes messages; null while the message waits for one. `home` has a part of the message already, or may have
 * one that must not be sent twice: no other will do.
 */
export function chooseConnection(
  choices: readonly ConnectionChoice[],
  home: string | null,
  refusalsMax: number,
): string | null {
  const ready = choices.filter(
    ({ operator, condition }) => condition === 'ready' && (home === null || operator === home),
  )
  const chosen = ready.find(({ refusals }) => refusals < refusalsMax) ?? ready[0]
  return chosen?.operator ?? null
}
