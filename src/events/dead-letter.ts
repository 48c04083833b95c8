import { type Static, Type } from 'typebox'
import { Timestamp } from './fields.ts'

/** Why a record could not be handled. A closed list: it labels metrics and filters, details go into `error`. */
export const DEAD_LETTER_REASONS = ['not-json', 'schema', 'attempts-exhausted', 'head-of-line', 'handler'] as const

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number]

/** `sms.dlq`, with the key of the original record. */
export const DeadLetter = Type.Object(
  {
    original_topic: Type.String(),
    original_partition: Type.Integer({ minimum: 0 }),
    original_offset: Type.Integer({ minimum: 0 }),
    error: Type.String(),
    /** The original value; as base64 when it is not UTF-8. Of a large one its beginning: the rest is on its topic. */
    message: Type.Union([Type.String(), Type.Null()]),
    message_encoding: Type.Union([Type.Literal('utf8'), Type.Literal('base64')]),
    /** Bytes of the original value, when `message` is only its beginning. */
    message_bytes: Type.Optional(Type.Integer({ minimum: 0 })),
    failed_at: Timestamp,
    reason: Type.Enum(DEAD_LETTER_REASONS),
    attempts: Type.Integer({ minimum: 0 }),
    consumer_group: Type.String(),
  },
  { $id: 'sms.dlq' },
)

export type DeadLetter = Static<typeof DeadLetter>
