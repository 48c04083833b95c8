import { type Static, Type } from 'typebox'
import { RECEIPT_STATUSES } from '../domain/receipts.ts'
import { STATUSES } from '../domain/status.ts'
import { CustomerId, nullable, SmsId, Timestamp, Ulid } from './fields.ts'

/** A part of a long message. One without a status is being submitted. */
const PartState = Type.Object({
  part: Type.Integer({ minimum: 1 }),
  status: Type.Optional(Type.Enum(['sent', ...RECEIPT_STATUSES])),
  operator_message_id: Type.Optional(Type.String()),
  error_code: Type.Optional(Type.String()),
  at: Type.Optional(Timestamp),
})

/** `sms.status`, keyed by message: a message has come to a state. */
export const StatusEvent = Type.Object(
  {
    event_id: Ulid,
    sms_id: SmsId,
    customer_id: CustomerId,
    status: Type.Enum(STATUSES),
    operator_message_id: nullable(Type.String()),
    error_code: nullable(Type.String()),
    error_message: nullable(Type.String()),
    delivered_at: nullable(Timestamp),
    /** From acceptance to this state. */
    latency_ms: Type.Integer({ minimum: 0 }),
    occurred_at: Timestamp,
    operator: Type.String(),
    /** Attempts begun so far; 0 before the first. */
    attempt: Type.Integer({ minimum: 0 }),
    segments: Type.Integer({ minimum: 0 }),
    /** The phone may have the message more than once: an answer was lost and it was sent again. */
    possible_duplicate: Type.Boolean(),
    /** Of a message that was handed over in several parts. */
    parts: Type.Optional(Type.Array(PartState)),
    /** The receipt came after its time, when the message may have counted as `unknown` already. */
    late: Type.Optional(Type.Literal(true)),
    /** Why this operator was chosen. */
    route: Type.Optional(Type.String()),
  },
  { $id: 'sms.status' },
)

export type StatusEvent = Static<typeof StatusEvent>
