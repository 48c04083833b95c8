import type { SubmitResult } from '../connectors/connector.ts'

/**
 * The circuit breaker of an operator.
 * - `closed`: messages go to it. `failing` is the share of failures among its answers, the latest counting most.
 * - `open`: nearly all answers are failures; no message goes to it until then.
 * - `probing`: its time is up, and one message probes it; `isOut` says that the probe is in flight.
 */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failing: number }
  | { readonly kind: 'open'; readonly untilMs: number; readonly times: number }
  | { readonly kind: 'probing'; readonly isOut: boolean; readonly times: number }

export const CLOSED: BreakerState = { kind: 'closed', failing: 0 }

/** So much does an answer count; 59 failures in a row open the breaker. */
const WEIGHT = 0.05
const FAILING_MAX = 0.95
const OPEN_MS_FIRST = 1_000
const OPEN_MS_MAX = 30_000

/**
 * What an answer says of the operator: that it works, also where it refuses a message for good or takes it without a
 * name; that it does not; or
 * nothing, when it asked for a slower pace.
 */
const VERDICT: Readonly<Record<SubmitResult['kind'], 'works' | 'fails' | 'none'>> = {
  sent: 'works',
  unidentified: 'works',
  rejected: 'works',
  throttled: 'none',
  temporary: 'fails',
  ambiguous: 'fails',
  unsent: 'fails',
}

/** Whether a message may be tried now. */
export function admits(state: BreakerState, nowMs: number): boolean {
  if (state.kind === 'open') return nowMs >= state.untilMs
  return state.kind === 'closed' || !state.isOut
}

/** The state when a message that was admitted sets out. */
export function afterAdmission(state: BreakerState): BreakerState {
  return state.kind === 'closed' ? state : { kind: 'probing', isOut: true, times: state.times }
}

/** The state after an answer. Answers to what was on its way when the breaker opened change nothing. */
export function afterAnswer(state: BreakerState, kind: SubmitResult['kind'], nowMs: number): BreakerState {
  const verdict = VERDICT[kind]
  switch (state.kind) {
    case 'closed': {
      if (verdict === 'none') return state
      const failing = state.failing * (1 - WEIGHT) + (verdict === 'fails' ? WEIGHT : 0)
      return failing < FAILING_MAX ? { kind: 'closed', failing } : open(1, nowMs)
    }
    case 'open':
      return state
    case 'probing':
      return verdict === 'fails' ? open(state.times + 1, nowMs) : CLOSED
  }
}

/** The state when a message that was admitted was not submitted after all. */
export function afterWithdrawal(state: BreakerState): BreakerState {
  return state.kind === 'probing' ? { ...state, isOut: false } : state
}

function open(times: number, nowMs: number): BreakerState {
  return { kind: 'open', untilMs: nowMs + Math.min(OPEN_MS_MAX, OPEN_MS_FIRST * 2 ** (times - 1)), times }
}
