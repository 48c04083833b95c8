import { errorMessage } from '../domain/error-message.ts'
import { eventId } from '../domain/event-id.ts'
import type { Status } from '../domain/status.ts'
import { statusMeaning } from '../smpp/command-status.ts'
import { type EventRecord, type EventSource, envelope } from './envelope.ts'
import { eventCodec } from './event-codec.ts'
import { StatusEvent } from './status.ts'
import { TOPICS } from './topics.ts'
import { traceparentOf } from './traceparent.ts'

const codec = eventCodec(StatusEvent)

/** The message that a status is about. */
export interface StatusSubject {
  readonly smsId: number
  readonly customerId: string
  readonly segments: number
  readonly acceptedAtMs: number
  /** As it came with the message; null when it is not at hand. */
  readonly traceparent: string | null
}

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
    sms_id: subject.smsId,
    customer_id: subject.customerId,
    status,
    operator_message_id: details.operatorMessageId ?? null,
    error_code: code,
    error_message: errorMessage({ status, code, text, wasAccepted }, statusMeaning),
    delivered_at: details.deliveredAt?.toISOString() ?? null,
    latency_ms: Math.max(0, nowMs - subject.acceptedAtMs),
    occurred_at: new Date(nowMs).toISOString(),
    operator: details.operator,
    attempt: details.attempt,
    segments: subject.segments,
    possible_duplicate: details.possibleDuplicate,
    ...(parts && parts.length > 0 ? { parts } : {}),
    ...(isLate ? { late: true as const } : {}),
    ...(route ? { route } : {}),
  }
}
