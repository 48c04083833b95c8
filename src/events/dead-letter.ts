import { type Static, Type } from 'typebox'
import { absentAs, intake, Timestamp } from './fields.ts'

/** Why a record could not be handled. A closed list: it labels metrics and filters, details go into `error`. */
export const DEAD_LETTER_REASONS = [
  'not-json',
  'schema',
  'unreadable',
  'attempts-exhausted',
  'head-of-line',
  'handler',
] as const

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number]

/** `sms.dlq`, with the key of the original record. */
export const DeadLetter = Type.Object(
  {
    original_topic: Type.String(),
    original_partition: Type.Integer({ minimum: 0 }),
    original_offset: Type.Integer({ minimum: 0 }),
    error: Type.String(),
    /** The original value, an object where a foreign producer wrote JSON as it is; as base64 when it is not UTF-8. Of a large one its beginning: the rest is on its topic. */
    message: intake(Type.Union([Type.String(), Type.Null()]), (value) =>
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
    ),
    message_encoding: absentAs(Type.Union([Type.Literal('utf8'), Type.Literal('base64')]), () => 'utf8'),
    /** Bytes of the original value, when `message` is only its beginning. */
    message_bytes: Type.Optional(Type.Integer({ minimum: 0 })),
    failed_at: Timestamp,
    reason: absentAs(Type.Enum(DEAD_LETTER_REASONS), () => 'handler'),
    attempts: absentAs(Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), () => 0),
    consumer_group: absentAs(Type.String(), () => ''),
  },
  { $id: 'sms.dlq' },
)

export type DeadLetter = Static<typeof DeadLetter>
