import type { Attempt } from '../../domain/attempts/attempt.ts'
import { type Conclusion, nextStep } from '../../domain/attempts/attempt-plan.ts'
import { isBeforeOperator, isFinal, type Status } from '../../domain/status.ts'

/** A message as far as cancelling it is concerned. */
export interface CancelCandidate {
  /** As the last event said; `accepted` before the first. */
  readonly status: Status
  /** Attempts of the rounds that a redrive has ended. */
  readonly attemptsBefore: number
  /** Temporary errors that may be followed by another attempt, in this round. */
  readonly maxRetries: number
  readonly validUntilMs: number | null
  /** All attempts, oldest first; `outcome` is null while the answer is awaited. */
  readonly attempts: readonly Pick<Attempt, 'attempt' | 'operator' | 'outcome'>[]
}

/**
 * - `cancel`: by taking this attempt, so that no worker can begin it.
 * - `cancelled`: it is already.
 * - `refuse`: too late; `why` is the customer's answer.
 */
export type CancelDecision =
  | { readonly kind: 'cancel'; readonly attempt: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refuse'; readonly why: string }

/**
 * A worker finds by its own clock that a message's validity has ended, and reads the attempts then: a cancellation
 * keeps a distance from that moment of more than clocks differ.
 */
const VALIDITY_MARGIN_MS = 5_000

/** Why a message is not cancelled whose attempts have come to this. */
const TOO_LATE: Readonly<Record<Exclude<Conclusion['status'], 'cancelled'>, string>> = {
  sent: 'The operator has accepted it.',
  unknown: 'It may have been sent: the response of the operator was lost.',
  rejected: 'The operator refused it for good.',
  failed: 'All retries were used up.',
  expired: 'The message is about to expire.',
}

/** Waits count as over; an answer that was lost counts as the operator having the message. */
const NO_WAITS = { holdsAt: () => true, resendsAt: () => ({ max: 0, msFirst: 0 }), retryMsFirst: 0, retryMsMax: 0 }

/**
 * Decides by what a worker would do next (`attempt-plan.ts`), as the attempts are ahead of the status: what is cancelled is
 * the attempt that it would begin, now or after a wait.
 */
export function decideCancel(message: CancelCandidate, nowMs: number): CancelDecision {
  const { status, attempts, attemptsBefore, maxRetries } = message
  if (status === 'cancelled') return { kind: 'cancelled' }
  if (isFinal(status)) return refuse(`It is ${status}, which is final.`)
  if (!isBeforeOperator(status)) return refuse(TOO_LATE.sent)
  const validUntilMs = message.validUntilMs === null ? null : message.validUntilMs - VALIDITY_MARGIN_MS
  const rules = { ...NO_WAITS, maxRetries, attemptsBefore, validUntilMs }
  const step = nextStep(attempts.map(toAttempt), rules, nowMs, 0)
  switch (step.kind) {
    case 'begin':
      return { kind: 'cancel', attempt: step.attempt }
    case 'report':
      return step.status === 'cancelled' ? { kind: 'cancelled' } : refuse(TOO_LATE[step.status])
    case 'wait':
    case 'give-up-on':
      return refuse('It is being sent: the response of the operator is pending.')
  }
}

/** With the outcome of the whole for that of a part: it is the most that the operator may have of the message. */
function toAttempt(tried: CancelCandidate['attempts'][number]): Attempt {
  const { outcome } = tried
  const answer = { operatorMessageId: null, errorCode: null, receipt: null }
  return {
    ...tried,
    possibleDuplicate: false,
    leaseUntilMs: Number.POSITIVE_INFINITY,
    endedAtMs: outcome === null ? null : Number.NEGATIVE_INFINITY,
    partCount: 1,
    parts: outcome === 'cancelled' ? [] : [{ part: 1, outcome, ...answer }],
  }
}

function refuse(why: string): CancelDecision {
  return { kind: 'refuse', why }
}
