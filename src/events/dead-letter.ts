import { type Static, Type } from 'typebox'
import { absentAs, Timestamp } from './fields.ts'

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
    /**
     * The original value: the object that it was, written as it was; a string only where it was no JSON object, could not be
     * kept whole, or was written by an earlier version, and null where the record had none. Of a large value its beginning,
     * as a string: the rest is on its topic. Of foreign producers also a list.
     */
    message: Type.Union([Type.Object({}), Type.Array(Type.Unknown()), Type.String(), Type.Null()]),
    /** How a string encodes the original bytes. */
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
