import type { SettledHandler } from '../middleware/middleware.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { Handling } from './consumer.ts'
import { RecordBatches } from './fetch/record-batches.ts'
import { Lanes } from './lanes/lanes.ts'
import type { SettledOutcome } from './outcome.ts'

const FAULT_BACKOFF_MS = 1_000

interface GiveUp {
  /**
   * Publishes a record that blocks its partition to the dead letters. Without it such a record stays, and a handler
   * that does not answer makes the consumer fail.
   */
  readonly giveUp?: (record: ConsumedRecord, error: string) => Promise<unknown>
}

/** Handles records one by one, many at once, those of one lane in order. The lane is the key unless told otherwise. */
export function inLanes(
  options: {
    handle: SettledHandler
    concurrencyMax: number
    laneOf?: (record: ConsumedRecord) => string | null
    /** Asked before a record is given up, with why: whether that may be its fault. */
    mayGiveUp?: (error: string) => boolean
  } & GiveUp,
): Handling {
  const { handle, concurrencyMax, laneOf = keyOf, giveUp, mayGiveUp } = options
  return ({ failed, ...hooks }) =>
    new Lanes({
      ...hooks,
      laneOf,
      concurrencyMax,
      handle,
      giveUp,
      mayGiveUp,
      faultBackoffMs: FAULT_BACKOFF_MS,
      fault: (error, record) => failed(error, 1, record.failures + 1),
    })
}

/** Handles records in batches, one batch at a time, each partition's in order. */
export function inBatches(
  options: {
    handle: (records: readonly ConsumedRecord[]) => Promise<readonly SettledOutcome[]>
    recordsMax: number
  } & GiveUp,
): Handling {
  return (hooks) => new RecordBatches({ ...options, ...hooks, backoffMsFirst: 100, backoffMsMax: 5_000 })
}

/** Any bytes may be a key; as Latin-1 no two of them look the same. */
function keyOf({ key }: ConsumedRecord): string | null {
  return key?.toString('latin1') ?? null
}
