import type { DeliveryTask } from '../events/delivery.ts'
import type { Outcome } from '../kafka/consumer/outcome.ts'
import type { RecordState } from '../kafka/consumer/record-state.ts'
import type { ConsumedRecord } from '../kafka/wire/consumed-record.ts'

/**
 * What is to follow after a task was handled: an outcome of the consumer's, or a wait that is better spent in PostgreSQL
 * than in memory.
 * - `defer`: the task is to come back at that time, by the process's own clock.
 * - `await-operator`: it is to come back when this operator is available again. `isOnly`: no other may have the task.
 */
export type TaskOutcome =
  | Outcome
  | { readonly kind: 'defer'; readonly untilMs: number }
  | { readonly kind: 'await-operator'; readonly operator: string; readonly isOnly: boolean }

/** Handles a task; `record` is the one that carries it. */
export type TaskHandler = (task: DeliveryTask, record: ConsumedRecord, state: RecordState) => Promise<TaskOutcome>
