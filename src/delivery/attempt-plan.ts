import type { SubmitResult } from './connectors/connector.ts'

/** How an attempt ended, or `cancelled`: the customer took it; null while nobody knows. */
export type AttemptOutcome = SubmitResult['kind'] | 'cancelled' | null

/** An attempt as its row has it. Times in milliseconds of the database's clock. */
export interface Attempt {
  readonly attempt: number
  readonly possibleDuplicate: boolean
  readonly leaseUntilMs: number
  readonly outcome: AttemptOutcome
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
  readonly endedAtMs: number | null
}

export interface AttemptRules {
  /** Temporary errors that may be followed by another attempt, in this round. */
  readonly maxRetries: number
  /** Attempts of the rounds that were over when a redrive began this one; 0 in the first round. */
  readonly attemptsBefore: number
  readonly onAmbiguous: 'resend' | 'hold'
  /** The wait after the first temporary error; four times as long after each further one. */
  readonly retryMsFirst: number
  readonly retryMsMax: number
}

/**
 * What is to be done with a message whose attempts so far are known.
 * - `begin`: commit this attempt, then submit.
 * - `wait`: look again at that time.
 * - `give-up-on`: the worker that began this attempt is gone: mark it ambiguous, then look again.
 * - `report`: no further attempt; tell what the last one came to.
 */
export type NextStep =
  | { readonly kind: 'begin'; readonly attempt: number; readonly possibleDuplicate: boolean }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'give-up-on'; readonly attempt: number }
  | { readonly kind: 'report'; readonly status: ReportedStatus; readonly last: Attempt }

type ReportedStatus = 'sent' | 'rejected' | 'cancelled' | 'failed' | 'unknown'

const BACK_TO_BACK_MS = 200

/**
 * Decides by the attempts alone, so that a worker that goes on and one that takes over decide alike. `spread`, from
 * 0 to below 1 and the same for a message each time, keeps messages that failed together from coming back together.
 */
export function nextStep(attempts: readonly Attempt[], rules: AttemptRules, nowMs: number, spread: number): NextStep {
  const last = attempts.at(-1)
  if (!last) return { kind: 'begin', attempt: rules.attemptsBefore + 1, possibleDuplicate: false }
  const next = (waitMs: number): NextStep => {
    const untilMs = (last.endedAtMs ?? nowMs) + waitMs
    if (untilMs > nowMs) return { kind: 'wait', untilMs }
    const possibleDuplicate = attempts.some(({ outcome }) => outcome === 'ambiguous')
    return { kind: 'begin', attempt: last.attempt + 1, possibleDuplicate }
  }
  switch (last.outcome) {
    case null:
      return last.leaseUntilMs > nowMs
        ? { kind: 'wait', untilMs: last.leaseUntilMs }
        : { kind: 'give-up-on', attempt: last.attempt }
    case 'sent':
    case 'rejected':
    case 'cancelled':
      return { kind: 'report', status: last.outcome, last }
    case 'ambiguous':
      return rules.onAmbiguous === 'hold' ? { kind: 'report', status: 'unknown', last } : next(BACK_TO_BACK_MS)
    case 'unsent':
    case 'throttled':
      return next(BACK_TO_BACK_MS * (1 + spread))
    case 'temporary': {
      if (last.attempt <= rules.attemptsBefore) return next(0)
      const failures = attempts.filter(
        ({ outcome, attempt }) => outcome === 'temporary' && attempt > rules.attemptsBefore,
      ).length
      if (failures > rules.maxRetries) return { kind: 'report', status: 'failed', last }
      return next(Math.min(rules.retryMsMax, rules.retryMsFirst * 4 ** (failures - 1)) * (0.5 + spread / 2))
    }
  }
}
