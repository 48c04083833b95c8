import type { ClickHouse } from '../clickhouse/clickhouse-client.ts'
import { AcceptedEvent } from '../events/accepted.ts'
import { EventFormError, eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { TOPICS } from '../events/topics.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isKeptTime } from './kept-times.ts'

const acceptedCodec = eventCodec(AcceptedEvent)
const statusCodec = eventCodec(StatusEvent)

/**
 * Inserts records of `sms.accepted` or `sms.status` as the Kafka tables would. What is there already is the same row
 * again, and counts once. Returns how many were inserted; what is no event, or of a time that is not kept, is left out.
 */
export async function insertEvents(client: ClickHouse, records: readonly ConsumedRecord[]): Promise<number> {
  let inserted = 0
  for (const [topic, members] of Map.groupBy(records, (record) => record.topic)) {
    const [table, rowOf] = topic === TOPICS.accepted ? ['accepted', acceptedRow] : ['statuses', statusRow]
    const values = members.map((record) => rowIn(record, rowOf as RowOf)).filter((row) => row !== null)
    if (values.length > 0) await client.insert({ table: table as string, values, format: 'JSONEachRow' })
    inserted += values.length
  }
  return inserted
}

type EventRow = Record<string, unknown> & { readonly occurred_at: string }
type RowOf = (record: ConsumedRecord) => EventRow

function rowIn(record: ConsumedRecord, rowOf: RowOf): Record<string, unknown> | null {
  try {
    const place = { kafka_partition: record.partition, kafka_offset: record.offset }
    const row = rowOf(record)
    if (!isKeptTime(Date.parse(`${row.occurred_at}Z`), Date.now())) return null
    return { ...row, ...place, ingested_at: clickHouseTime(new Date().toISOString()) }
  } catch (error) {
    if (error instanceof EventFormError) return null
    throw error
  }
}

function acceptedRow(record: ConsumedRecord): EventRow {
  const event = acceptedCodec.decode(record.value, record.timestampMs)
  const { event_id, customer_id, sms_id, phone, cost, sender, encoding, segments, operator, priority } = event
  return {
    event_id,
    occurred_at: clickHouseTime(event.timestamp),
    customer_id,
    sms_id,
    phone,
    cost,
    sender,
    encoding,
    segments,
    operator,
    priority,
    client_ref: event.client_ref,
  }
}

function statusRow(record: ConsumedRecord): EventRow {
  const event = statusCodec.decode(record.value, record.timestampMs)
  const { event_id, customer_id, sms_id, status, attempt, operator, operator_message_id, error_code } = event
  const { segments, latency_ms, possible_duplicate } = event
  return {
    event_id,
    occurred_at: clickHouseTime(event.occurred_at),
    customer_id,
    sms_id,
    status,
    attempt,
    operator,
    operator_message_id,
    error_code,
    segments,
    latency_ms,
    possible_duplicate,
  }
}

/** The form that ClickHouse reads by default: `2026-11-24 10:00:00.000`. */
function clickHouseTime(iso: string): string {
  return iso.slice(0, 23).replace('T', ' ')
}
