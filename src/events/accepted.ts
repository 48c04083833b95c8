import { type Static, Type } from 'typebox'
import { segment } from '../domain/text/segments.ts'
import { absentAs, CustomerId, EncodingName, nullable, Phone, Priority, SmsId, Timestamp, Ulid } from './fields.ts'

/** `sms.accepted`, keyed by customer: a message was charged and stored. */
export const AcceptedEvent = Type.Object(
  {
    event_id: Ulid,
    event_type: Type.Literal('sms.accepted'),
    timestamp: Timestamp,
    customer_id: CustomerId,
    sms_id: SmsId,
    phone: Phone,
    message: Type.String({ minLength: 1 }),
    cost: Type.Integer({ minimum: 0 }),
    idempotency_key: nullable(Type.String()),
    metadata: Type.Object({ ip: nullable(Type.String()), user_agent: nullable(Type.String()) }),
    sender: absentAs(nullable(Type.String()), () => null),
    encoding: absentAs(EncodingName, ({ message }) => segment(String(message)).encoding),
    segments: absentAs(Type.Integer({ minimum: 1 }), ({ message }) => segment(String(message)).segments),
    operator: absentAs(Type.String({ minLength: 1 }), () => 'unknown'),
    priority: absentAs(Priority, () => 0),
    client_ref: absentAs(nullable(Type.String()), () => null),
    /** When it is to be sent, if not at once. */
    send_at: Type.Optional(Timestamp),
  },
  { $id: 'sms.accepted' },
)

export type AcceptedEvent = Static<typeof AcceptedEvent>
