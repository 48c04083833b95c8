import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { Handling } from './consumer.ts'
import { Lanes } from './lanes.ts'
import type { SettledOutcome } from './outcome.ts'
import { RecordBatches } from './record-batches.ts'

const FAULT_BACKOFF_MS = 1_000

/** Handles records one by one, many at once, those of one lane in order. The lane is the key unless told otherwise. */
export function inLanes(options: {
  handle: (record: ConsumedRecord) => Promise<SettledOutcome>
  concurrencyMax: number
  laneOf?: (record: ConsumedRecord) => string | null
}): Handling {
  const { handle, concurrencyMax, laneOf = (record) => record.key?.toString() ?? null } = options
  return ({ completed, failed }) =>
    new Lanes({
      laneOf,
      concurrencyMax,
      handle,
      completed,
      faultBackoffMs: FAULT_BACKOFF_MS,
      fault: (error, record) => failed(error, 1, record.failures + 1),
    })
}

/** Handles records in batches, one batch at a time, each partition's in order. */
export function inBatches(options: {
  handle: (records: readonly ConsumedRecord[]) => Promise<readonly SettledOutcome[]>
  recordsMax: number
}): Handling {
  return ({ completed, failed }) =>
    new RecordBatches({ ...options, completed, failed, backoffMsFirst: 100, backoffMsMax: 5_000 })
}
