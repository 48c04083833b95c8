import { clickHouseFields } from '../events/carried-fields.ts'

/** A column of a table of events: the record's field, how the Kafka table reads it, and what is stored of that. */
export interface EventColumn {
  readonly name: string
  readonly field: string
  readonly type: string
  /** Of the fields of the record; by default the field as it is. */
  readonly stored?: string | undefined
}

/** What foreign producers leave out, as the requirements do not show it. */
const OF_ACCEPTED: Readonly<Record<string, string>> = {
  segments: 'greatest(kafka_accepted_rows.segments, 1)',
  operator: "if(kafka_accepted_rows.operator = '', 'unknown', kafka_accepted_rows.operator)",
}

/** Of the table `accepted`, but for the time and the place of the record. */
export const ACCEPTED_COLUMNS: readonly EventColumn[] = [
  ownColumn('event_id', 'String'),
  ...messageColumns('accepted', OF_ACCEPTED),
]

/** Of the table `statuses`, likewise. */
export const STATUS_COLUMNS: readonly EventColumn[] = [
  ownColumn('event_id', 'String'),
  ...messageColumns('status', {}),
  ownColumn('status', 'String'),
  ownColumn('attempt', 'UInt16'),
  ownColumn('operator', 'String'),
  ownColumn('operator_message_id', 'Nullable(String)'),
  ownColumn('error_code', 'Nullable(String)'),
  ownColumn('latency_ms', 'UInt64'),
  ownColumn('possible_duplicate', 'Bool'),
]

function ownColumn(name: string, type: string): EventColumn {
  return { name, field: name, type }
}

/** A map is read as the JSON that it is: one that is no map of texts is stored empty, and its record is not refused. */
function messageColumns(event: 'accepted' | 'status', stored: Readonly<Record<string, string>>): EventColumn[] {
  return clickHouseFields(event).map(({ column: name, wire: field, type }) => {
    if (type.startsWith('Map(')) return { name, field, type: 'String', stored: `JSONExtract(${field}, '${type}')` }
    return { name, field, type, stored: stored[name] }
  })
}

/** The definitions of the columns of a Kafka table. */
export function kafkaColumns(columns: readonly EventColumn[]): string {
  return columns.map(({ field, type }) => `${field} ${type}`).join(', ')
}

/** What a view selects for the table of events. */
export function storedColumns(columns: readonly EventColumn[]): string {
  return columns.map(({ name, field, stored = field }) => (stored === name ? name : `${stored} AS ${name}`)).join(', ')
}

/** The row of an event, as the view would store it. */
export function rowOf(columns: readonly EventColumn[], event: object): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const { name, field } of columns) row[name] = (event as Record<string, unknown>)[field]
  return row
}
