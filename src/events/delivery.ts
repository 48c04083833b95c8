import { type Static, Type } from 'typebox'
import { carriedBy } from './carried-fields.ts'
import { absentAs, Timestamp, Ulid } from './fields.ts'

export const TASK_FIELDS = carriedBy('task')

/** `sms.delivery`, keyed by customer or operator: a message to be handed to an operator. */
export const DeliveryTask = Type.Object(
  {
    task_id: Ulid,
    ...TASK_FIELDS.forms,
    retry_count: Type.Integer({ minimum: 0 }),
    /** When it was accepted, or later: when it was to be sent. */
    created_at: Timestamp,
    /** When it was accepted, where that is another time. */
    accepted_at: absentAs(Type.Optional(Timestamp), ({ created_at }) => created_at),
  },
  { $id: 'sms.delivery' },
)

export type DeliveryTask = Static<typeof DeliveryTask>
