/**
 * What a handler may know of the handling of its record, beside the record itself. It is the same object in each call
 * for that record, for as long as the consumer buffers it.
 */
export interface RecordState {
  /** Calls before this one after which the record was to be tried again, and the wait counted against it. */
  readonly failures: number
  /** Aborted when the answer of this call is not awaited any more. */
  readonly signal: AbortSignal
  readonly isAbandoned: boolean
  /**
   * Set by a handler while the record only waits for its slot at something that is shared: then it is not taken for one
   * that blocks its partition, however long it waits.
   */
  isQueued: boolean
}
