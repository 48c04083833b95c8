import { isFinal, type Status } from '../../domain/status.ts'

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
  readonly attempts: readonly { readonly attempt: number; readonly outcome: string | null }[]
}

/**
 * - `cancel`: by taking this attempt, so that no worker can begin it.
 * - `cancelled`: it is already.
 * - `refuse`: too late; `why` is told to the customer.
 */
export type CancelDecision =
  | { readonly kind: 'cancel'; readonly attempt: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refuse'; readonly why: string }

/**
 * A worker finds by its own clock that a message's validity is over, and looks at the attempts then: whoever cancels
 * keeps away from that moment by more than clocks differ.
 */
const VALIDITY_MARGIN_MS = 5_000

/**
 * Decides by the attempts, which are ahead of the status: the operator must not have the message, nor may it get it any
 * more. An answer that was lost counts as having it.
 */
export function decideCancel(message: CancelCandidate, nowMs: number): CancelDecision {
  const { status, attempts, attemptsBefore, validUntilMs } = message
  const last = attempts.at(-1)
  if (status === 'cancelled' || last?.outcome === 'cancelled') return { kind: 'cancelled' }
  if (isFinal(status)) return refuse(`It is ${status}, which is final.`)
  if (status === 'sent' || attempts.some(({ outcome }) => outcome === 'sent')) {
    return refuse('The operator has accepted it.')
  }
  if (last?.outcome === null) return refuse('It is being sent: the response of the operator is pending.')
  if (attempts.some(({ outcome }) => outcome === 'ambiguous')) {
    return refuse('It may have been sent: the response of the operator was lost.')
  }
  if (last?.outcome === 'rejected') return refuse('The operator refused it for good.')
  if (refusalsOf(message) > message.maxRetries) return refuse('All retries were used up.')
  if (validUntilMs !== null && validUntilMs <= nowMs + VALIDITY_MARGIN_MS)
    return refuse('The message is about to expire.')
  return { kind: 'cancel', attempt: Math.max(attemptsBefore, last?.attempt ?? 0) + 1 }
}

function refusalsOf({ attempts, attemptsBefore }: CancelCandidate): number {
  return attempts.filter(({ attempt, outcome }) => outcome === 'temporary' && attempt > attemptsBefore).length
}

function refuse(why: string): CancelDecision {
  return { kind: 'refuse', why }
}
