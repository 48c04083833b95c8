import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { insertEvents } from '../src/analytics/insert-events.ts'
import { auditEntry } from '../src/audit/audit-entry.ts'
import type { ClickHouse } from '../src/clickhouse/clickhouse-client.ts'
import { readDeadLetter } from '../src/dead-letters/read-dead-letter.ts'
import { faultsOf } from '../src/dead-letters/topic-values.ts'
import { TaskReader } from '../src/delivery/read-tasks.ts'
import { AcceptedEvent } from '../src/events/accepted.ts'
import { DeliveryTask } from '../src/events/delivery.ts'
import { eventCodec } from '../src/events/event-codec.ts'
import { StatusEvent } from '../src/events/status.ts'
import { eventBody } from '../src/webhooks/event-body.ts'
import { consumedRecord } from './servers/consumed-record.ts'

/** The records as the requirements show them: without the fields that this gateway adds. */
const RECORDS = JSON.parse(readFileSync(join(import.meta.dirname, 'required-records.json'), 'utf8')) as Record<
  string,
  object
>

function bytesOf(topic: string, changes: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ ...RECORDS[topic], ...changes }))
}

test('an accepted message without our fields is read', () => {
  expect(eventCodec(AcceptedEvent).decode(bytesOf('sms.accepted'))).toMatchObject({
    sms_id: 9_876_543_210,
    sender: null,
    encoding: 'gsm7',
    segments: 1,
    operator: 'unknown',
    priority: 0,
    client_ref: null,
  })
})

test('a task without our fields is read, encoded as its text needs it', () => {
  const codec = eventCodec(DeliveryTask)
  expect(codec.decode(bytesOf('sms.delivery'))).toMatchObject({
    encoding: 'gsm7',
    segments: 1,
    valid_until: null,
    sender: null,
    accepted_at: '2025-11-19T10:30:45.123Z',
  })
  expect(codec.decode(bytesOf('sms.delivery', { message: 'سلام '.repeat(20) }))).toMatchObject({
    encoding: 'ucs2',
    segments: 2,
  })
})

test('a status without our fields is read, at the time of its delivery or else of its record', () => {
  const codec = eventCodec(StatusEvent)
  expect(codec.decode(bytesOf('sms.status'))).toMatchObject({
    occurred_at: '2025-11-19T10:30:50.456Z',
    operator: '',
    attempt: 0,
    segments: 0,
    possible_duplicate: false,
  })
  const sent = bytesOf('sms.status', { status: 'sent', delivered_at: null })
  expect(codec.decode(sent, Date.UTC(2026, 0, 1)).occurred_at).toBe('2026-01-01T00:00:00.000Z')
})

test('a dead letter without our fields is kept as one', () => {
  const record = consumedRecord({ topic: 'sms.dlq', value: bytesOf('sms.dlq') })
  expect(readDeadLetter(record)).toMatchObject({
    reason: 'handler',
    error: 'Timeout after 3 retries',
    originalTopic: 'sms.delivery',
    originalPartition: 5,
    originalOffset: 123_456,
    attempts: 0,
    value: Buffer.from('{}'),
  })
  const written = { message: { id: 1 } }
  const longId = bytesOf('sms.dlq', written).toString().replace('"id":1', '"id": 7091800003790954036, "a\\nb": 1')
  for (const [text, value] of [
    [longId, '{"id": 7091800003790954036, "a\\nb": 1}'],
    [JSON.stringify({ ...RECORDS['sms.dlq'], message: [1] }), '[1]'],
  ] as const) {
    expect(readDeadLetter(consumedRecord({ topic: 'sms.dlq', value: text }))).toMatchObject({
      reason: 'handler',
      value: Buffer.from(value),
    })
  }
})

test('a replay into ClickHouse inserts them, with what its own tables take for the fields that are missing', async () => {
  const inserted: unknown[] = []
  const client = {
    insert: async ({ table, values }: { table: string; values: object[] }) => inserted.push(table, ...values),
  }
  const now = new Date().toISOString()
  const records = [
    consumedRecord({ topic: 'sms.accepted', value: bytesOf('sms.accepted', { timestamp: now }) }),
    consumedRecord({ topic: 'sms.status', value: bytesOf('sms.status', { delivered_at: now }) }),
  ]
  expect(await insertEvents(client as unknown as ClickHouse, records)).toBe(2)
  expect(inserted).toMatchObject([
    'accepted',
    { sms_id: 9_876_543_210, segments: 1, operator: 'unknown', priority: 0 },
    'statuses',
    { sms_id: 9_876_543_210, status: 'delivered', attempt: 0, operator: '' },
  ])
})

test('a worker takes a task whatever it is keyed by: customer, operator, or nothing', () => {
  for (const key of ['cust_12345', 'mci', null]) {
    const record = consumedRecord({ topic: 'sms.delivery', key, value: bytesOf('sms.delivery') })
    const tasks = new TaskReader()
    expect(tasks.customerOf(record)).toBe('cust_12345')
    expect(tasks.read(record)).toMatchObject({ phone: '+989121234567' })
  }
})

test('a webhook has what the record says of an error', () => {
  const error = { status: 'failed', error_code: '27', error_message: 'Absent subscriber' }
  const event = eventCodec(StatusEvent).decode(bytesOf('sms.status', error))
  expect(JSON.parse(eventBody(event)).data).toMatchObject(error)
})

test('they may be redriven as they are, and the audit log has them', () => {
  for (const topic of ['sms.accepted', 'sms.delivery', 'sms.status']) {
    expect(faultsOf(topic, bytesOf(topic)), topic).toEqual([])
  }
  for (const topic of Object.keys(RECORDS)) {
    expect(auditEntry(consumedRecord({ topic, value: bytesOf(topic) }))).toMatchObject({ topic, type: null, id: null })
  }
})
