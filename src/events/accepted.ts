import { type Static, Type } from 'typebox'
import { carriedBy } from './carried-fields.ts'
import { nullable, Timestamp, Ulid } from './fields.ts'

export const ACCEPTED_FIELDS = carriedBy('accepted')

/** `sms.accepted`, keyed by customer: a message was charged and stored. */
export const AcceptedEvent = Type.Object(
  {
    event_id: Ulid,
    event_type: Type.Literal('sms.accepted'),
    /** When it was accepted. */
    timestamp: Timestamp,
    ...ACCEPTED_FIELDS.forms,
    metadata: Type.Object({ ip: nullable(Type.String()), user_agent: nullable(Type.String()) }),
  },
  { $id: 'sms.accepted' },
)

export type AcceptedEvent = Static<typeof AcceptedEvent>
