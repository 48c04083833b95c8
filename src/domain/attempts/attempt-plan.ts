import { type Attempt, type Standing, standingAt } from './attempt.ts'

export interface ResendRules {
  /** In a round. */
  readonly max: number
  /** The wait before the first; four times as long before each further one. */
  readonly msFirst: number
}

export interface AttemptRules {
  /** Temporary errors that may be followed by another attempt, in this round. */
  readonly maxRetries: number
  /** Attempts of the rounds that had ended when a redrive began this one; 0 in the first round. */
  readonly attemptsBefore: number
  /** Whether a part whose answer was lost at that operator is never submitted again. */
  readonly holdsAt: (operator: string) => boolean
  /** Of an operator that does not hold: how often a part whose answer was lost is submitted again, and after which wait. */
  readonly resendsAt: (operator: string) => ResendRules
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
  /** The operator's own words about it; absent if there are none. */
  readonly errorText?: string | null
}

/**
 * What is to be done with a message whose attempts so far are known.
 * - `begin`: commit this attempt, then submit. `operator`: it must be that one, which has a part of the message already
 *   or may have; null for any.
 * - `wait`: look again at that time. `for` says what is waited for: a worker that may still be at it, the time that
 *   follows an error or a lost answer, or an operator that asks for a slower pace or was not reached.
 * - `give-up-on`: the worker that began this attempt is gone: mark what is open of it ambiguous, then look again.
 * - `report`: no further attempt; publish the outcome.
 */
export type NextStep =
  | { readonly kind: 'begin'; readonly attempt: number; readonly operator: string | null }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly for: 'lease' | Reason }
  | { readonly kind: 'give-up-on'; readonly attempt: number }
  | Conclusion

/** The code of what was not sent in time. */
export const VALIDITY_OVER = 'validity-over'

const RESEND_MS_MAX = 600_000
const PACE_MS_FIRST = 200
const PACE_MS_MAX = 300_000
/** In one round. What was refused for pace, or was not written, uses up no retry, and ends all the same: after two days. */
const PACED_MAX = 1_000

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
    // The attempt that the customer took was never begun, and nothing hindered it. As the API publishes it: the same
    // event.
    return {
      ...conclude('cancelled', attempts.slice(0, -1), rules.attemptsBefore),
      operator: last.operator,
      errorCode: null,
      errorText: null,
    }
  }
  const home = homeOf(attempts, rules)
  const ended = home ? endAtHome(attempts, home) : null
  if (ended) return ended
  if (last.parts.some(({ outcome }) => outcome === 'rejected')) return conclude('rejected', attempts)
  const isFormerRound = last.attempt <= rules.attemptsBefore
  const wait = isFormerRound ? NO_WAIT : waitAfter(attempts, rules, spread)
  if (typeof wait === 'string') return conclude(wait, attempts)
  const untilMs = (last.endedAtMs ?? nowMs) + wait.ms
  if (untilMs <= nowMs) return beginAt(attempts, rules, nowMs, home?.operator ?? null)
  return isOver(rules, untilMs) ? expire(attempts) : { kind: 'wait', untilMs, for: wait.for }
}

/** Too late to send. If an answer was lost before, the phone may have the message. */
function expire(attempts: readonly Attempt[], attemptsBefore = 0): Conclusion {
  const operators = new Set(attempts.map(({ operator }) => operator))
  const isUnclear = [...operators].some((operator) => standingAt(attempts, operator).ambiguous.size > 0)
  const end = conclude(isUnclear ? 'unknown' : 'expired', attempts, attemptsBefore)
  return { ...end, errorCode: VALIDITY_OVER, errorText: null }
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
  for (const operator of new Set(attempts.toReversed().map((attempt) => attempt.operator))) {
    const partCount = attempts.findLast((attempt) => attempt.operator === operator)!.partCount
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

/** Why an attempt may be followed by another; one of several parts may have several reasons. */
type Reason = 'retry' | 'resend' | 'pace'

const REASONS = ['resend', 'retry', 'pace'] as const satisfies readonly Reason[]

interface Wait {
  readonly ms: number
  readonly for: Reason
}

const NO_WAIT: Wait = { ms: 0, for: 'retry' }

/**
 * The wait after an attempt that left parts open, or what the message has come to when a reason is used up. Each reason
 * has a limit and a wait by how often it was there in this round, and the longest wait counts: so no wait is shorter
 * than one before it, whatever the operators answer in between.
 */
function waitAfter(attempts: readonly Attempt[], rules: AttemptRules, spread: number): Wait | 'failed' | 'unknown' {
  const round = attempts.filter(({ attempt }) => attempt > rules.attemptsBefore)
  const last = round.at(-1)!
  const waits = REASONS.map((reason) => {
    const found = round.filter((attempt) => hasReason(attempt, reason, rules))
    const isUsedUp = hasReason(last, reason, rules) && found.length > timesMax(reason, last.operator, rules)
    const ms = Math.max(0, ...found.map(({ operator }, index) => waitMs(reason, index + 1, operator, rules, spread)))
    return { reason, isUsedUp, isOfLast: hasReason(last, reason, rules), ms }
  })
  const end = waits.find(({ isUsedUp }) => isUsedUp)
  if (end) return end.reason === 'resend' ? 'unknown' : 'failed'
  // What was refused counts as a refusal, also where another part's answer was lost.
  const why = (['retry', 'resend', 'pace'] as const).find((each) => waits.some((w) => w.reason === each && w.isOfLast))!
  return { ms: Math.max(...waits.map(({ ms }) => ms)), for: why }
}

/** Each attempt has one at least, so that the limits of the reasons together bound the attempts of a round. */
function hasReason(attempt: Attempt, reason: Reason, { holdsAt }: AttemptRules): boolean {
  const isRefused = has(attempt, 'temporary')
  const isLost = has(attempt, 'ambiguous') && !holdsAt(attempt.operator)
  switch (reason) {
    case 'retry':
      return isRefused
    case 'resend':
      return isLost
    case 'pace':
      return !isRefused && !isLost
  }
}

function timesMax(reason: Reason, operator: string, rules: AttemptRules): number {
  if (reason === 'retry') return rules.maxRetries
  return reason === 'resend' ? rules.resendsAt(operator).max : PACED_MAX
}

/** The wait after the reason has been there so many times. */
function waitMs(reason: Reason, times: number, operator: string, rules: AttemptRules, spread: number): number {
  switch (reason) {
    case 'retry':
      return Math.min(rules.retryMsMax, rules.retryMsFirst * 4 ** (times - 1)) * (0.5 + spread / 2)
    case 'resend':
      return Math.min(RESEND_MS_MAX, rules.resendsAt(operator).msFirst * 4 ** (times - 1)) * (1 + spread / 2)
    case 'pace':
      return Math.min(PACE_MS_MAX / 2, PACE_MS_FIRST * 2 ** Math.min(times - 1, 30)) * (1 + spread)
  }
}

function has(attempt: Attempt, outcome: 'temporary' | 'ambiguous'): boolean {
  return attempt.parts.some((part) => part.outcome === outcome)
}

function conclude(status: Conclusion['status'], attempts: readonly Attempt[], attemptsBefore = 0): Conclusion {
  const last = attempts.at(-1)
  // Of a part that was taken twice the last, as the worker that submitted it may not know of an earlier answer that
  // came late.
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
    errorText: status === 'sent' ? null : (hindered?.errorText ?? null),
  }
}
