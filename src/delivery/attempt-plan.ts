import { type Attempt, type Standing, standingAt } from './attempt.ts'

export interface AttemptRules {
  /** Temporary errors that may be followed by another attempt, in this round. */
  readonly maxRetries: number
  /** Attempts of the rounds that were over when a redrive began this one; 0 in the first round. */
  readonly attemptsBefore: number
  /** Whether a part whose answer was lost at that operator is never submitted again. */
  readonly holdsAt: (operator: string) => boolean
  /** The wait after the first temporary error; four times as long after each further one. */
  readonly retryMsFirst: number
  readonly retryMsMax: number
  /** Nothing is submitted at or after that time; null for no end. */
  readonly validUntilMs: number | null
}

/** What a message has come to when no attempt follows. */
export interface Conclusion {
  readonly kind: 'report'
  readonly status: 'sent' | 'rejected' | 'failed' | 'unknown' | 'expired' | 'cancelled'
  readonly attempt: number
  /** Null if there was no attempt. */
  readonly operator: string | null
  readonly possibleDuplicate: boolean
  /** Of the first part that the operator took; null if it took none. */
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
}

/**
 * What is to be done with a message whose attempts so far are known.
 * - `begin`: commit this attempt, then submit. `operator`: it must be that one, which has a part of the message already
 *   or may have; null for any.
 * - `wait`: look again at that time. `for` says what is waited for: a worker that may still be at it, the time that
 *   follows an error, or an operator that asks for a slower pace.
 * - `give-up-on`: the worker that began this attempt is gone: mark what is open of it ambiguous, then look again.
 * - `report`: no further attempt; tell what it came to.
 */
export type NextStep =
  | { readonly kind: 'begin'; readonly attempt: number; readonly operator: string | null }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly for: 'lease' | 'retry' | 'pace' }
  | { readonly kind: 'give-up-on'; readonly attempt: number }
  | Conclusion

/** The code of what was not sent in time. */
export const VALIDITY_OVER = 'validity-over'

const BACK_TO_BACK_MS = 200
const PACE_MS_MAX = 30_000
/** In one round. Refusals for pace use up no retry, and must end all the same. */
const ATTEMPTS_MAX = 1_000

/**
 * Decides by the attempts alone, so that a worker that goes on and one that takes over decide alike. `spread`, from
 * 0 to below 1 and the same for a message each time, keeps messages that failed together from coming back together.
 */
export function nextStep(attempts: readonly Attempt[], rules: AttemptRules, nowMs: number, spread: number): NextStep {
  const last = attempts.at(-1)
  if (!last) return beginAt(attempts, rules, nowMs, null)
  if (last.outcome === null) {
    return last.leaseUntilMs > nowMs
      ? { kind: 'wait', untilMs: last.leaseUntilMs, for: 'lease' }
      : { kind: 'give-up-on', attempt: last.attempt }
  }
  if (last.outcome === 'cancelled') {
    // The attempt that the customer took was never begun, and nothing hindered it. As the API tells it: the same event.
    return {
      ...conclude('cancelled', attempts.slice(0, -1), rules.attemptsBefore),
      operator: last.operator,
      errorCode: null,
    }
  }
  const home = homeOf(attempts, rules)
  const ended = home ? endAtHome(attempts, home) : null
  if (ended) return ended
  if (last.parts.some(({ outcome }) => outcome === 'rejected')) return conclude('rejected', attempts)
  const isFormerRound = last.attempt <= rules.attemptsBefore
  const wait = isFormerRound ? NO_WAIT : waitAfter(attempts, rules, spread)
  if (wait === null || last.attempt - rules.attemptsBefore >= ATTEMPTS_MAX) return conclude('failed', attempts)
  const untilMs = (last.endedAtMs ?? nowMs) + wait.ms
  if (untilMs <= nowMs) return beginAt(attempts, rules, nowMs, home?.operator ?? null)
  return isOver(rules, untilMs) ? expire(attempts) : { kind: 'wait', untilMs, for: wait.for }
}

/** Too late to send. If an answer was lost before, the phone may have the message, and nobody can say it has not. */
function expire(attempts: readonly Attempt[], attemptsBefore = 0): Conclusion {
  const operators = new Set(attempts.map(({ operator }) => operator))
  const isUnclear = [...operators].some((operator) => standingAt(attempts, operator).ambiguous.size > 0)
  const end = conclude(isUnclear ? 'unknown' : 'expired', attempts, attemptsBefore)
  return { ...end, errorCode: VALIDITY_OVER }
}

function beginAt(attempts: readonly Attempt[], rules: AttemptRules, nowMs: number, operator: string | null): NextStep {
  if (isOver(rules, nowMs)) return expire(attempts, rules.attemptsBefore)
  return { kind: 'begin', attempt: Math.max(attempts.at(-1)?.attempt ?? 0, rules.attemptsBefore) + 1, operator }
}

function isOver({ validUntilMs }: AttemptRules, atMs: number): boolean {
  return validUntilMs !== null && atMs >= validUntilMs
}

interface Home extends Standing {
  readonly operator: string
  readonly partCount: number
  readonly holds: boolean
}

/** The operator that has a part, or may have one that is not to be sent again: no other may get the message. */
function homeOf(attempts: readonly Attempt[], rules: AttemptRules): Home | null {
  for (const { operator, partCount } of attempts.toReversed()) {
    const standing = standingAt(attempts, operator)
    const holds = rules.holdsAt(operator)
    if (standing.taken.size > 0 || (holds && standing.ambiguous.size > 0)) {
      return { ...standing, operator, partCount, holds }
    }
  }
  return null
}

/** Nothing is open any more: the operator has every part, or may have those that are held. */
function endAtHome(attempts: readonly Attempt[], { taken, ambiguous, partCount, holds }: Home): Conclusion | null {
  if (taken.size >= partCount) return conclude('sent', attempts)
  return holds && taken.size + ambiguous.size >= partCount ? conclude('unknown', attempts) : null
}

interface Wait {
  readonly ms: number
  readonly for: 'retry' | 'pace'
}

const NO_WAIT: Wait = { ms: 0, for: 'retry' }

/** After an attempt that left parts open, by the worst of them; null when refusals are used up. */
function waitAfter(attempts: readonly Attempt[], rules: AttemptRules, spread: number): Wait | null {
  const last = attempts.at(-1)!
  if (has(last, 'temporary')) {
    const failures = attempts.filter((each) => each.attempt > rules.attemptsBefore && has(each, 'temporary')).length
    if (failures > rules.maxRetries) return null
    const ms = Math.min(rules.retryMsMax, rules.retryMsFirst * 4 ** (failures - 1)) * (0.5 + spread / 2)
    return { ms, for: 'retry' }
  }
  const isPaced = (each: Attempt): boolean => has(each, 'throttled') || has(each, 'unsent')
  if (!isPaced(last)) return { ms: BACK_TO_BACK_MS, for: 'retry' }
  const inARow = attempts.length - 1 - attempts.findLastIndex((each) => !isPaced(each))
  const ms = Math.min(PACE_MS_MAX / 2, BACK_TO_BACK_MS * 2 ** (inARow - 1)) * (1 + spread)
  return { ms, for: 'pace' }
}

function has(attempt: Attempt, outcome: 'temporary' | 'throttled' | 'unsent'): boolean {
  return attempt.parts.some((part) => part.outcome === outcome)
}

function conclude(status: Conclusion['status'], attempts: readonly Attempt[], attemptsBefore = 0): Conclusion {
  const last = attempts.at(-1)
  // Of a part that was taken twice the last, as whoever submitted that may not know of an earlier answer that came late.
  const latestFirst = attempts.toReversed().flatMap(({ parts }) => parts)
  const taken = latestFirst.filter(({ outcome }) => outcome === 'sent')
  const first = taken.toSorted((a, b) => a.part - b.part)[0]
  const hindered =
    last?.parts.find(({ outcome }) => outcome === status) ?? last?.parts.find(({ errorCode }) => errorCode)
  return {
    kind: 'report',
    status,
    attempt: last?.attempt ?? attemptsBefore,
    operator: last?.operator ?? null,
    possibleDuplicate: attempts.some(({ possibleDuplicate }) => possibleDuplicate),
    operatorMessageId: first?.operatorMessageId ?? null,
    errorCode: status === 'sent' ? null : (hindered?.errorCode ?? null),
  }
}
