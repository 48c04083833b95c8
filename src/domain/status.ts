/**
 * * The states of a message, each with the role that sets it and what follows.
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
 * * The one step without an event: a redrive opens a message again whose retries were used up, and which was never sent
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

const FINAL = new Set<Status>(['delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'])

export function isFinal(status: Status): boolean {
  return FINAL.has(status)
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

/** Outcomes of an ended round, which no longer count. That the operator has the message stays true. */
const OVER_WITH_ITS_ROUND = new Set<Status>(['queued', 'sending', 'failed', 'rejected'])

/**
 * Whether an event moves a message on. Events come at least once and sometimes late, so one that repeats the past must
 * change nothing: a message goes back to `queued` or `sending` only for an attempt that it has not seen. A message that
 * a redrive opened again ignores how its earlier attempts failed.
 */
export function moves(current: CurrentPoint, event: StatusPoint): boolean {
  if (!TRANSITIONS[current.status].includes(event.status)) return false
  const { attemptsBefore = 0 } = current
  if (attemptsBefore > 0 && event.attempt <= attemptsBefore && OVER_WITH_ITS_ROUND.has(event.status)) return false
  if (current.status !== 'sending') return true
  if (event.status === 'sending') return event.attempt > current.attempt
  return event.status !== 'queued' || event.attempt >= current.attempt
}
