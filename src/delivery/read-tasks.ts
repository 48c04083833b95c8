import { DeliveryTask } from '../events/delivery.ts'
import { EventFormError, eventCodec } from '../events/event-codec.ts'
import type { ConsumedRecord } from '../kafka/wire/consumed-record.ts'

const codec = eventCodec(DeliveryTask)

export type DeliveryOrder = 'recipient' | 'strict' | 'none'

/** Reads tasks from records, each once: the lane is chosen by the phone, long before the record's turn comes. */
export class TaskReader {
  readonly #read = new WeakMap<ConsumedRecord, DeliveryTask | EventFormError>()

  /** Returns the error for a record that is not a task. */
  read(record: ConsumedRecord): DeliveryTask | EventFormError {
    let task = this.#read.get(record)
    if (!task) {
      task = decode(record)
      this.#read.set(record, task)
    }
    return task
  }

  /** Whose task it is; all that is no task counts as one customer's. */
  customerOf(record: ConsumedRecord): string {
    const task = this.read(record)
    return task instanceof EventFormError ? '' : task.customer_id
  }

  /** Which message it is about; null for a record that is not a task. */
  smsIdOf(record: ConsumedRecord): number | null {
    const task = this.read(record)
    return task instanceof EventFormError ? null : task.sms_id
  }

  /** Tasks of one lane never overtake each other. */
  laneOf(record: ConsumedRecord, order: DeliveryOrder): string | null {
    const task = this.read(record)
    if (order === 'none' || task instanceof EventFormError) return null
    return order === 'strict' ? task.customer_id : task.phone
  }
}

function decode(record: ConsumedRecord): DeliveryTask | EventFormError {
  try {
    return codec.decode(record.value)
  } catch (error) {
    if (error instanceof EventFormError) return error
    throw error
  }
}
