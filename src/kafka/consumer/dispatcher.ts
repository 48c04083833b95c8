import type { AssignedPartition, HeldRecord } from './assigned-partition.ts'

/** Hands records to handlers. One implementation runs them in lanes by key, another in batches. */
export interface Dispatcher {
  /** Records waiting or being handled. */
  readonly held: number
  /** Takes records into its care, in the order of their offsets. */
  add(records: readonly HeldRecord[]): void
  /** Forgets what waits of a partition that is no longer active; what is being handled goes on. */
  drop(partition: AssignedPartition): void
  /** Starts nothing any more and forgets what waits. */
  stop(): void
}
