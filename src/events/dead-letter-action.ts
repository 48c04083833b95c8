import { type Static, Type } from 'typebox'
import { Timestamp } from './fields.ts'

/** What people do about dead letters. */
export const DEAD_LETTER_ACTIONS = ['edited', 'redriven', 'discarded'] as const

export type DeadLetterActionKind = (typeof DEAD_LETTER_ACTIONS)[number]

/** The header with the name of the person, where a person acted. */
export const ACTOR_HEADER = 'smsgw-by'

/**
 * `sms.dlq`, beside the dead letters: what someone did about some of them, in one transaction. Records of actions have
 * an event type that begins with `dlq.`, which no dead letter has: theirs is that of the original record.
 */
export const DeadLetterAction = Type.Object(
  {
    action_id: Type.Integer({ minimum: 1 }),
    action: Type.Enum(DEAD_LETTER_ACTIONS),
    by: Type.String({ minLength: 1, maxLength: 64 }),
    at: Timestamp,
    /** By their places in `sms.dlq`, as in `3-1042`. */
    letters: Type.Array(Type.String(), { minItems: 1 }),
    /** Why they were discarded, if someone said it. */
    note: Type.Union([Type.String(), Type.Null()]),
    /** SHA-256 of the value before and after an edit, in hexadecimal. */
    value_sha256: Type.Union([Type.Object({ before: Type.String(), after: Type.String() }), Type.Null()]),
  },
  { $id: 'dlq.action' },
)

export type DeadLetterAction = Static<typeof DeadLetterAction>

const TYPE_PREFIX = 'dlq.'

export function actionType(kind: DeadLetterActionKind): string {
  return TYPE_PREFIX + kind
}

/** Whether a record of `sms.dlq` with this `ce_type` is an action and not a dead letter. */
export function isActionType(type: string | undefined): boolean {
  return DEAD_LETTER_ACTIONS.some((kind) => type === actionType(kind))
}
