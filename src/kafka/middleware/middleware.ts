import type { Outcome, SettledOutcome } from '../consumer/outcome.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'

export type RecordHandler = (record: ConsumedRecord) => Promise<Outcome>
export type SettledHandler = (record: ConsumedRecord) => Promise<SettledOutcome>

/** Wraps a handler with one behaviour. */
export type Middleware = (next: RecordHandler) => RecordHandler
