import { type Settlement, settlementBy } from '../domain/ledger.ts'
import { moves, type Status } from '../domain/status.ts'
import type { TimelineStep } from '../domain/timeline-steps.ts'
import type { StatusEvent } from '../events/status.ts'

/** A step of a message's way, as its timeline shows it. */
export interface TimelineEntry extends TimelineStep {
  readonly error_code?: string
  readonly possible_duplicate?: true
  /** Whom it was handed to, and why. */
  readonly operator?: string
  readonly route?: string
  /** Of a long message, what each of its parts had come to. */
  readonly parts?: StatusEvent['parts']
  /** Its receipt came after its time. */
  readonly late?: true
  /** Why it came there, where that is not of the usual way. */
  readonly reason?: 'redriven'
}

/** The state of a message. `revision` counts the changes; 0 is a message that no event has reached. */
export interface MessageState {
  readonly smsId: number
  readonly customerId: string
  readonly cost: number
  readonly status: Status
  readonly attempt: number
  /** Attempts before a redrive opened the message again last; 0 if none did. Names the round in the ledger. */
  readonly attemptsBefore: number
  readonly settlement: Settlement
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly possibleDuplicate: boolean
  readonly timeline: readonly TimelineEntry[]
  readonly revision: number
}

/** What events did to a message: its state after them, and the entry of the ledger that is due, if one is. */
export interface Advance {
  readonly state: MessageState
  readonly settles: 'capture' | 'release' | null
}

/**
 * Applies events of one message in the order they came. Those that repeat the past, or come too late to matter, leave
 * no trace, but that the phone may have the message twice stays true: an attempt that says so may be heard of only when
 * an earlier one has brought the message to its end. Null if none changed anything.
 */
export function advance(before: MessageState, events: readonly StatusEvent[]): Advance | null {
  let state = before
  let settles: Advance['settles'] = null
  for (const event of events) {
    if (!moves(state, event)) {
      if (event.possible_duplicate && !state.possibleDuplicate) state = flagged(state)
      continue
    }
    const settlement = settlementBy(event.status, state.settlement, event.operator_message_id !== null)
    settles ??= settlement
    state = {
      ...state,
      status: event.status,
      attempt: Math.max(state.attempt, event.attempt),
      settlement: settlement === null ? state.settlement : settlement === 'capture' ? 'captured' : 'released',
      operatorMessageId: event.operator_message_id ?? state.operatorMessageId,
      errorCode: event.error_code,
      errorMessage: event.error_message,
      possibleDuplicate: state.possibleDuplicate || event.possible_duplicate,
      timeline: [...state.timeline, timelineEntry(event)],
    }
  }
  return state === before ? null : { state: { ...state, revision: before.revision + 1 }, settles }
}

/** Flags a message in its present state: its outcome, and the step that it came to. */
function flagged(state: MessageState): MessageState {
  const timeline = state.timeline.map((entry, index) =>
    index === state.timeline.length - 1 ? { ...entry, possible_duplicate: true as const } : entry,
  )
  return { ...state, possibleDuplicate: true, timeline }
}

function timelineEntry(event: StatusEvent): TimelineEntry {
  return {
    status: event.status,
    at: event.occurred_at,
    ...(event.attempt > 0 ? { attempt: event.attempt } : {}),
    ...(event.error_code === null ? {} : { error_code: event.error_code }),
    ...(event.possible_duplicate ? { possible_duplicate: true as const } : {}),
    ...(event.status === 'sending' ? { operator: event.operator } : {}),
    ...(event.route === undefined ? {} : { route: event.route }),
    ...(event.parts ? { parts: event.parts } : {}),
    ...(event.late ? { late: true as const } : {}),
  }
}
