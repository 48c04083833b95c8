import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { INTAKE, type Intake } from './fields.ts'
import {
  type Carried,
  MESSAGE_FIELDS,
  type MessageColumn,
  type MessageFields,
  type StoredMessage,
} from './message-fields.ts'

type Carrier = 'accepted' | 'task' | 'status'

/** The columns whose fields an event carries. */
export type ColumnOf<Event extends Carrier> = {
  [Column in MessageColumn]: MessageFields[Column] extends Record<Event, TSchema> ? Column : never
}[MessageColumn]

type FormsOf<Event extends Carrier> = {
  [Column in ColumnOf<Event> as MessageFields[Column] extends { wire: infer Name extends string }
    ? Name
    : Column]: MessageFields[Column] extends Record<Event, infer Form extends TSchema> ? Form : never
}

/** The fields of a message as an event has them. */
export type CarriedBy<Event extends Carrier> = Static<TObject<FormsOf<Event>>>

interface CarriedField {
  readonly column: MessageColumn
  readonly wire: string
  readonly form: TSchema
}

const ENTRIES = Object.entries(MESSAGE_FIELDS) as [MessageColumn, Carried][]

function fieldsOf(event: Carrier): CarriedField[] {
  return ENTRIES.flatMap(([column, { wire = column, [event]: form }]) => (form ? [{ column, wire, form }] : []))
}

/** What an event has of a message: the forms of the fields, their columns, and their values. */
export function carriedBy<Event extends Carrier>(event: Event) {
  const fields = fieldsOf(event).map(({ column, wire, form }) => {
    const isTime = MESSAGE_FIELDS[column].sql === 'timestamptz'
    return { column, wire, form, isOptional: Type.IsOptional(form), isTime }
  })
  return {
    forms: Object.fromEntries(fields.map(({ wire, form }) => [wire, form])) as FormsOf<Event>,
    columns: fields.map(({ column }) => column) as ColumnOf<Event>[],
    /** Adds those of a stored message to an event, which is changed and returned: the relay makes thousands a second. */
    addTo<Own extends object>(own: Own, row: Pick<StoredMessage, ColumnOf<Event>>): Own & CarriedBy<Event> {
      const event = own as Record<string, unknown>
      for (const { column, wire, isOptional, isTime } of fields) {
        const value = (row as StoredMessage)[column]
        if (isOptional && (value === null || value === false)) continue
        event[wire] = isTime && value !== null ? (value as Date).toISOString() : value
      }
      return event as Own & CarriedBy<Event>
    },
    /** The same fields of another event. */
    copiedFrom(source: CarriedBy<Event>): CarriedBy<Event> {
      const values: Record<string, unknown> = {}
      for (const { wire } of fields) {
        const value = (source as Record<string, unknown>)[wire]
        if (value !== undefined) values[wire] = value
      }
      return values as CarriedBy<Event>
    },
  }
}

/** The fields of an event that have a column in its table in ClickHouse. */
export function clickHouseFields(event: 'accepted' | 'status') {
  return fieldsOf(event).flatMap(({ column, wire }) => {
    const type = (MESSAGE_FIELDS[column] as Carried).clickhouse
    return type === undefined ? [] : [{ column, wire, type }]
  })
}

/** The fields that a webhook has of a status event; `takeIn` is what readers of the event do to one. */
export function webhookFields() {
  return fieldsOf('status').flatMap(({ column, wire, form }) => {
    const name = (MESSAGE_FIELDS[column] as Carried).webhook
    const takeIn = (form as { [INTAKE]?: Intake })[INTAKE] ?? ((value: unknown) => value)
    return name === undefined ? [] : [{ name, wire, takeIn: (value: unknown) => takeIn(value, {}, '') }]
  })
}
