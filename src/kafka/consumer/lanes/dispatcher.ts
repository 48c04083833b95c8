import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import type { AssignedPartition, HeldRecord } from '../assigned-partition.ts'
import type { RecordState } from '../record-state.ts'

/** `refused`: too many were given up lately for it to be their fault, and the record stays. */
export type GivingUp = 'begun' | 'refused' | 'impossible'

/**
 * Publishes a record to the dead letters, with why. Without it no record can be given up: one that blocks its partition
 * stays, and a handler that does not answer makes the consumer fail.
 */
export type GiveUp = (record: ConsumedRecord, error: string, state: RecordState) => Promise<unknown>

/** Hands records to handlers. One implementation runs them in lanes by key, another in batches. */
export interface Dispatcher {
  /** Records waiting or being handled. */
  readonly held: number
  /** Keys with buffered records, and how many of them wait for a later try. */
  readonly lanes: number
  readonly parked: number
  /** Milliseconds that handlers took so far, and for how many records. */
  readonly handlingMs: number
  readonly handledRecords: number
  /** Records that took long from their first handler to their end. */
  readonly slowRecords: number
  /** Takes records of one partition into its care, in the order of their offsets. */
  add(partition: AssignedPartition, records: readonly ConsumedRecord[]): void
  /**
   * Publishes a record as a dead letter instead of trying it further, and releases the records behind it.
   * `impossible` if that cannot be done here.
   */
  giveUp(held: HeldRecord, error: string): GivingUp
  /** Forgets pending records of a partition that is no longer active; what is being handled goes on. */
  drop(partition: AssignedPartition): void
  /** Begins what could not begin before. */
  poke(): void
  /** Starts nothing any more and forgets pending records. */
  stop(): void
}
