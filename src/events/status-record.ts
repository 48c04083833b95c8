import { errorMessage } from '../domain/error-message.ts'
import { eventId } from '../domain/event-id.ts'
import type { Status } from '../domain/status.ts'
import { statusMeaning } from '../smpp/command-status.ts'
import { type EventRecord, type EventSource, envelope } from './envelope.ts'
import { eventCodec } from './event-codec.ts'
import { StatusEvent } from './status.ts'
import type { StatusSubject } from './status-subject.ts'
import { TOPICS } from './topics.ts'
import { traceparentOf } from './traceparent.ts'

const codec = eventCodec(StatusEvent)

export interface StatusDetails {
  readonly operator: string
  readonly attempt: number
  readonly possibleDuplicate: boolean
  readonly operatorMessageId?: string | null
  readonly errorCode?: string | null
  /** The operator's own words about the error, clean and bounded. */
  readonly errorText?: string | null
  readonly deliveredAt?: Date | null
  readonly parts?: StatusEvent['parts']
  readonly isLate?: boolean
  readonly route?: string | null
}

/** The record of a status. The same status of the same attempt has the same id, whichever process publishes it. */
export function statusRecord(
  subject: StatusSubject,
  status: Status,
  details: StatusDetails,
  source: EventSource,
  nowMs: number,
): EventRecord {
  const event = statusEvent(subject, status, details, nowMs)
  return {
    topic: TOPICS.status,
    key: String(subject.smsId),
    value: codec.encode(event),
    headers: envelope(
      {
        id: event.event_id,
        type: `${TOPICS.status}.${status}`,
        time: event.occurred_at,
        traceparent: traceparentOf(subject.smsId, subject.traceparent),
      },
      source,
    ),
  }
}

function statusEvent(subject: StatusSubject, status: Status, details: StatusDetails, nowMs: number): StatusEvent {
  const { parts, isLate, route, errorCode: code = null, errorText: text = null } = details
  const wasAccepted = (details.operatorMessageId ?? null) !== null
  return {
    event_id: eventId(subject.smsId, status, details.attempt),
    ...subject.carried,
    status,
    operator_message_id: details.operatorMessageId ?? null,
    error_code: code,
    error_message: errorMessage({ status, code, text, wasAccepted }, statusMeaning),
    delivered_at: details.deliveredAt?.toISOString() ?? null,
    latency_ms: Math.max(0, nowMs - subject.dueAtMs),
    occurred_at: new Date(nowMs).toISOString(),
    operator: details.operator,
    attempt: details.attempt,
    possible_duplicate: details.possibleDuplicate,
    ...(parts && parts.length > 0 ? { parts } : {}),
    ...(isLate ? { late: true as const } : {}),
    ...(route ? { route } : {}),
  }
}
