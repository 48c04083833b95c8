import type { Outcome, SettledOutcome } from '../consumer/outcome.ts'
import type { RecordState } from '../consumer/record-state.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'

/** An outcome that is there at once need not be a promise: a million of them a second are not free. */
export type RecordHandler = (record: ConsumedRecord, state: RecordState) => Outcome | Promise<Outcome>
export type SettledHandler = (record: ConsumedRecord, state: RecordState) => SettledOutcome | Promise<SettledOutcome>

/** Wraps a handler with one behaviour. */
export type Middleware = (next: RecordHandler) => RecordHandler
