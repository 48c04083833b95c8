import { type Static, Type } from 'typebox'

/** What an operator's refusal means; see `SubmitResult` of the connectors. */
export const RefusalClass = Type.Enum(['temporary', 'rejected', 'throttled', 'ambiguous'])
export type RefusalClass = Static<typeof RefusalClass>
