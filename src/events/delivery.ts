import { type Static, Type } from 'typebox'
import { segment } from '../domain/text/segments.ts'
import { absentAs, CustomerId, EncodingName, nullable, Phone, Priority, SmsId, Timestamp, Ulid } from './fields.ts'

/** `sms.delivery`, keyed by customer or operator: a message to be handed to an operator. */
export const DeliveryTask = Type.Object(
  {
    task_id: Ulid,
    sms_id: SmsId,
    customer_id: CustomerId,
    phone: Phone,
    message: Type.String({ minLength: 1 }),
    operator: Type.String({ minLength: 1 }),
    priority: Priority,
    retry_count: Type.Integer({ minimum: 0 }),
    max_retries: Type.Integer({ minimum: 0 }),
    /** When it was accepted, or later: when it was to be sent. */
    created_at: Timestamp,
    sender: absentAs(nullable(Type.String()), () => null),
    encoding: absentAs(EncodingName, ({ message }) => segment(String(message)).encoding),
    segments: absentAs(Type.Integer({ minimum: 1 }), ({ message }) => segment(String(message)).segments),
    valid_until: absentAs(nullable(Timestamp), () => null),
    accepted_at: absentAs(Timestamp, ({ created_at }) => created_at),
    /** The network of the number as it was known when the message was accepted, if a route asked for it. */
    mcc_mnc: Type.Optional(Type.String({ pattern: '^[0-9]{3}-[0-9]{2,3}$' })),
    flash: Type.Optional(Type.Boolean()),
  },
  { $id: 'sms.delivery' },
)

export type DeliveryTask = Static<typeof DeliveryTask>
