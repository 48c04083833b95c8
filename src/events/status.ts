import { type Static, Type } from 'typebox'
import { RECEIPT_STATUSES } from '../domain/receipts.ts'
import { STATUSES } from '../domain/status.ts'
import { carriedBy } from './carried-fields.ts'
import { absentAs, intake, nullable, OutsideId, OutsideWords, Timestamp, takeId, takeWords, Ulid } from './fields.ts'

/** What PostgreSQL's smallint holds. */
const ATTEMPTS_MAX = 32_767

/** A part of a long message. One without a status is being submitted. */
const PartState = Type.Object({
  part: Type.Integer({ minimum: 1 }),
  status: Type.Optional(Type.Enum(['sent', ...RECEIPT_STATUSES])),
  operator_message_id: Type.Optional(Type.String()),
  error_code: Type.Optional(Type.String()),
  at: Type.Optional(Timestamp),
})

/** What operators said of parts is cleaned as what they said of the whole. */
function takeParts(parts: unknown): unknown {
  if (!Array.isArray(parts)) return parts
  return parts.map((part: unknown) => {
    if (typeof part !== 'object' || part === null) return part
    const { operator_message_id, error_code, ...rest } = part as Record<string, unknown>
    const cleaned = { operator_message_id: takeId(operator_message_id), error_code: takeId(error_code) }
    return { ...rest, ...Object.fromEntries(Object.entries(cleaned).filter(([, value]) => value != null)) }
  })
}

export const STATUS_FIELDS = carriedBy('status')

/** `sms.status`, keyed by message: a message has come to a state. */
export const StatusEvent = Type.Object(
  {
    event_id: Ulid,
    ...STATUS_FIELDS.forms,
    status: Type.Enum(STATUSES),
    operator_message_id: OutsideId,
    error_code: OutsideId,
    error_message: OutsideWords,
    delivered_at: absentAs(nullable(Timestamp), () => null),
    /** From acceptance, or the time to send it, to this state. */
    latency_ms: absentAs(Type.Integer({ minimum: 0 }), () => 0),
    occurred_at: absentAs(Timestamp, ({ delivered_at }, at) => delivered_at ?? at),
    operator: intake(Type.String(), (value = '') => takeId(value) ?? ''),
    /** Attempts begun so far; 0 before the first. */
    attempt: absentAs(Type.Integer({ minimum: 0, maximum: ATTEMPTS_MAX }), () => 0),
    /** The phone may have the message more than once: an answer was lost and it was sent again. */
    possible_duplicate: absentAs(Type.Boolean(), () => false),
    /** Of a message that was handed over in several parts. */
    parts: intake(Type.Optional(Type.Array(PartState, { maxItems: 255 })), takeParts),
    /** The receipt came after its time, when the message may have counted as `unknown` already. */
    late: Type.Optional(Type.Literal(true)),
    /** Why this operator was chosen. */
    route: intake(Type.Optional(Type.String()), takeWords),
  },
  { $id: 'sms.status' },
)

export type StatusEvent = Static<typeof StatusEvent>
