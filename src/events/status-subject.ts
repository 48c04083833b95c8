import type { CarriedBy, ColumnOf } from './carried-fields.ts'
import type { DeliveryTask } from './delivery.ts'
import type { StoredMessage } from './message-fields.ts'
import { STATUS_FIELDS } from './status.ts'

/** The message that a status is about. */
export interface StatusSubject {
  readonly smsId: number
  readonly customerId: string
  /** When it was accepted, or later: when it was to be sent. Statuses count their latency from then. */
  readonly dueAtMs: number
  /** As it came with the message; null when it is not at hand. */
  readonly traceparent: string | null
  /** What each of its statuses has of it. */
  readonly carried: CarriedBy<'status'>
}

/** A stored message as far as its statuses need it. */
export interface SubjectRow extends Pick<StoredMessage, ColumnOf<'status'> | 'traceparent'> {
  readonly due_at: Date
}

/** What is selected for a `SubjectRow`, from `messages` under the name of `alias`. */
export function subjectColumns(alias: string): string {
  const columns = [...STATUS_FIELDS.columns, 'traceparent'].map((column) => `${alias}.${column}`)
  return `${columns.join(', ')}, coalesce(${alias}.send_at, ${alias}.accepted_at) AS due_at`
}

export function storedSubject(row: SubjectRow): StatusSubject {
  return {
    smsId: row.sms_id,
    customerId: row.customer_id,
    dueAtMs: row.due_at.getTime(),
    traceparent: row.traceparent,
    carried: STATUS_FIELDS.addTo({}, row),
  }
}

export function taskSubject(task: DeliveryTask, traceparent: string | null): StatusSubject {
  return {
    smsId: task.sms_id,
    customerId: task.customer_id,
    dueAtMs: Date.parse(task.created_at),
    traceparent,
    carried: STATUS_FIELDS.copiedFrom(task),
  }
}
