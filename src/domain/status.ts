/**
 * The states of a message, each with the role that sets it and what follows.
 * - `scheduled`: accepted for later; the relay releases it when its time comes.
 * - `accepted`: charged and stored; the relay hands it to Kafka.
 * - `queued`: waiting in a delivery worker, for its first slot (published after 250 ms) or again after a temporary error.
 * - `sending`: an attempt is committed and its answer awaited. A worker that dies here leaves the attempt to the next
 *   one, which follows the route's policy for answers that were lost.
 * - `sent`: the operator took it. A receipt, or the end of the wait for one, ends this state.
 * - `delivered`, `failed`, `rejected`, `cancelled`, `expired`: final.
 * - `unknown`: final, but the operator may have it. A late receipt can still replace it.
 */
export const STATUSES = [
  'scheduled',
  'accepted',
  'queued',
  'sending',
  'sent',
  'delivered',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'unknown',
] as const

export type Status = (typeof STATUSES)[number]

/**
 * The one step without an event: a redrive opens a message again whose retries were used up, and which was never sent
 * (docs/decisions/0013). Its money is reserved again in the same transaction.
 */
export const REOPENING = { from: 'failed', to: 'queued' } as const satisfies Record<string, Status>

/** Which states may follow a state. Later ones may come first, as events of one batch are applied together. */
export const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  scheduled: [
    'accepted',
    'queued',
    'sending',
    'sent',
    'delivered',
    'failed',
    'rejected',
    'cancelled',
    'expired',
    'unknown',
  ],
  accepted: ['queued', 'sending', 'sent', 'delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'],
  queued: ['sending', 'sent', 'delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'],
  // Only a message that is queued again is cancelled, but that event may arrive before the one that it was queued.
  sending: ['queued', 'sending', 'sent', 'delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'],
  sent: ['delivered', 'failed', 'rejected', 'expired', 'unknown'],
  unknown: ['delivered', 'failed', 'rejected', 'expired'],
  delivered: [],
  failed: [],
  rejected: [],
  cancelled: [],
  expired: [],
}

/** What a state is, beside what may follow it. A new one needs a row here; types and tests name what else. */
interface StateFacts {
  /** The role that acts on the message; null for a final state. */
  readonly heldBy: 'relay' | 'worker' | 'operator' | null
  /** What reaching it does to reserved money. What is to be released is captured where the operator took the message. */
  readonly settles: 'capture' | 'release' | null
  /** It is about attempts of one round: after a redrive began another, it says nothing any more. */
  readonly isOfRound: boolean
  /** Of stored timelines (`timeline-steps.ts`). It never changes. */
  readonly letter: string
  /** In ids of events (`event-id.ts`): of a new state the next free number. It never changes. */
  readonly eventPlace: number
}

export const STATES: Readonly<Record<Status, StateFacts>> = {
  scheduled: { heldBy: 'relay', settles: null, isOfRound: false, letter: 'w', eventPlace: 2 },
  accepted: { heldBy: 'relay', settles: null, isOfRound: false, letter: 'a', eventPlace: 0 },
  queued: { heldBy: 'worker', settles: null, isOfRound: true, letter: 'q', eventPlace: 3 },
  sending: { heldBy: 'worker', settles: null, isOfRound: true, letter: 'g', eventPlace: 4 },
  sent: { heldBy: 'operator', settles: 'capture', isOfRound: false, letter: 't', eventPlace: 5 },
  delivered: { heldBy: null, settles: 'capture', isOfRound: false, letter: 'd', eventPlace: 6 },
  failed: { heldBy: null, settles: 'release', isOfRound: true, letter: 'f', eventPlace: 7 },
  rejected: { heldBy: null, settles: 'release', isOfRound: true, letter: 'r', eventPlace: 8 },
  cancelled: { heldBy: null, settles: 'release', isOfRound: false, letter: 'c', eventPlace: 9 },
  expired: { heldBy: null, settles: 'release', isOfRound: false, letter: 'e', eventPlace: 10 },
  unknown: { heldBy: null, settles: 'capture', isOfRound: false, letter: 'u', eventPlace: 11 },
}

export function isFinal(status: Status): boolean {
  return STATES[status].heldBy === null
}

export const FINAL_STATUSES = STATUSES.filter(isFinal)

/** Whether no operator has the message, as far as the state says, and one may still get it. */
export function isBeforeOperator(status: Status): boolean {
  const { heldBy } = STATES[status]
  return heldBy === 'relay' || heldBy === 'worker'
}

/** A state together with how many attempts had been begun when it was reached. */
export interface StatusPoint {
  readonly status: Status
  readonly attempt: number
}

/** Where a message is. `attemptsBefore` counts the attempts of rounds that a redrive has ended; 0 without one. */
export interface CurrentPoint extends StatusPoint {
  readonly attemptsBefore?: number
}

/**
 * Whether an event moves a message on. Events come at least once and sometimes late, so one that repeats the past must
 * change nothing: a message goes back to `queued` or `sending` only for an attempt that it has not seen. A message that
 * a redrive opened again ignores how its earlier attempts failed.
 */
export function moves(current: CurrentPoint, event: StatusPoint): boolean {
  if (!TRANSITIONS[current.status].includes(event.status)) return false
  const { attemptsBefore = 0 } = current
  if (attemptsBefore > 0 && event.attempt <= attemptsBefore && STATES[event.status].isOfRound) return false
  if (current.status !== 'sending') return true
  if (event.status === 'sending') return event.attempt > current.attempt
  return event.status !== 'queued' || event.attempt >= current.attempt
}
