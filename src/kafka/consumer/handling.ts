import type { SettledHandler } from '../middleware/middleware.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { Handling } from './consumer.ts'
import { type BatchOptions, RecordBatches } from './fetch/record-batches.ts'
import type { GiveUp } from './lanes/dispatcher.ts'
import { Lanes } from './lanes/lanes.ts'

const FAULT_BACKOFF_MS = 1_000

/** Handles records one by one, many at once, those of one lane in order. The lane is the key by default. */
export function inLanes(options: {
  handle: SettledHandler
  concurrencyMax: number
  laneOf?: (record: ConsumedRecord) => string | null
  /** Asked before a record is given up, with why: whether that may be its fault. */
  mayGiveUp?: (error: string) => boolean
  giveUp?: GiveUp
}): Handling {
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
      fault: (error, { failures }) => failed(error, 1, failures + 1),
    })
}

/** Handles records in batches, one batch at a time, each partition's in order. */
export function inBatches(options: Pick<BatchOptions, 'handle' | 'recordsMax' | 'giveUp'>): Handling {
  return (hooks) => new RecordBatches({ ...options, ...hooks, backoffMsFirst: 100, backoffMsMax: 5_000 })
}

/** Any bytes may be a key; as Latin-1 no two of them look the same. */
function keyOf({ key }: ConsumedRecord): string | null {
  return key?.toString('latin1') ?? null
}
