import { type Static, Type } from 'typebox'
import { Timestamp } from './fields.ts'

/** What administrators do, by the command. What they do about dead letters is on `sms.dlq` (dead-letter-action.ts). */
export const ADMIN_ACTS = [
  'customer.created',
  'customer.topped-up',
  'customer.express-set',
  'key.created',
  'key.revoked',
  'webhook.created',
  'webhook.disabled',
  'webhook.enabled',
  'webhook.deleted',
  'webhook.retried',
  'webhook.discarded',
  'operators.applied',
  'portability.imported',
  'topics.changed',
  'leaders.elected',
  'reassignment.ended',
  'group.reset',
  'records.replayed',
  'audit.archived',
  'audit.key-rotated',
] as const

export type AdminActKind = (typeof ADMIN_ACTS)[number]

/**
 * `sms.audit`: an act of an administrator. It has no secret, no text of a message and no phone number. An act in
 * PostgreSQL is written in its transaction; one in Kafka is published before it is begun.
 */
export const AdminAct = Type.Object(
  {
    act_id: Type.Integer({ minimum: 1 }),
    act: Type.Enum(ADMIN_ACTS),
    by: Type.String({ minLength: 1, maxLength: 64 }),
    at: Timestamp,
    /** The customer, key, endpoint, topic or group. */
    subject: Type.String({ minLength: 1, maxLength: 255 }),
    details: Type.Record(
      Type.String(),
      Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.String())]),
    ),
  },
  { $id: 'admin.act' },
)

export type AdminAct = Static<typeof AdminAct>

/** The event type of an act. */
export function adminActType(kind: AdminActKind): string {
  return `admin.${kind}`
}
