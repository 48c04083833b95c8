import type { DeliveryTask } from '../../events/delivery.ts'

export interface EndRules {
  /** How long a message is tried whose customer set no validity. */
  readonly validMsDefault: number
}

/**
 * When a task ends that was not sent by then, in milliseconds of PostgreSQL's time: at the end of the message's validity,
 * or without one `validMsDefault` after it was to be sent. An operator that takes messages and never answers, or is never
 * available again, would keep it and its money for ever.
 */
export function endOfDelivery(
  task: Pick<DeliveryTask, 'valid_until' | 'created_at'>,
  { validMsDefault }: EndRules,
): number {
  return task.valid_until === null ? Date.parse(task.created_at) + validMsDefault : Date.parse(task.valid_until)
}
