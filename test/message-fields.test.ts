import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { draftMessage, MessageRequest } from '../src/accept/draft-message.ts'
import { ACCEPTED_COLUMNS, rowOf, STATUS_COLUMNS } from '../src/analytics/event-columns.ts'
import type { MessageToStore } from '../src/domain/accept.ts'
import { cleanClientRef, cleanMetadata } from '../src/domain/customer-notes.ts'
import { AcceptedEvent } from '../src/events/accepted.ts'
import { DeliveryTask } from '../src/events/delivery.ts'
import { eventCodec } from '../src/events/event-codec.ts'
import { MESSAGE_FIELDS } from '../src/events/message-fields.ts'
import { StatusEvent } from '../src/events/status.ts'
import { statusRecord } from '../src/events/status-record.ts'
import { taskSubject } from '../src/events/status-subject.ts'
import { messageEvents } from '../src/outbox/message-events.ts'
import { eventBody } from '../src/webhooks/event-body.ts'
import { ROOT } from './read-source.ts'
import { DRAFT, STORED } from './servers/sample-message.ts'

/*
  A new field of a message is a line in `src/events/message-fields.ts`. What it needs besides, the compiler names, or one of
  these tests.
*/

const FIELDS = Object.entries(MESSAGE_FIELDS).map(([column, field]) => {
  const {
    sql,
    wire = column,
    clickhouse,
    webhook,
    ...forms
  } = field as typeof field & Record<string, string | undefined>
  return { column, sql, wire, clickhouse, webhook, isIn: (event: string) => event in forms }
})

/** The object, and the names of what is read of it. */
function watched<T extends object>(object: T): [T, Set<string>] {
  const read = new Set<string>()
  const get = (target: T, name: string): unknown => {
    read.add(name)
    return target[name as keyof T]
  }
  return [new Proxy(object, { get: get as never }), read]
}

test('the API reads each field that a request may have', () => {
  const [request, read] = watched({ to: '+989121234567', text: 'x' })
  const route = () => ({ operator: 'o', price: 1, sender: null, why: 'o', mccMnc: null })
  draftMessage(request, { route, segmentsMax: 1, expressAllowed: true, sendAheadDaysMax: 1 }, 0)
  expect(Object.keys(MessageRequest.properties).filter((name) => !read.has(name))).toEqual([])
})

test('each field of an accepted message is stored', () => {
  const [message, read] = watched({ ...DRAFT, smsId: 7, acceptedAtMs: 0 })
  const origin = { ip: null, userAgent: null, traceparent: null }
  const stored: MessageToStore = { message, request: { customerId: 'c', origin }, key: null, maxRetries: 3 }
  for (const { pick } of Object.values(MESSAGE_FIELDS)) pick(stored)
  expect(Object.keys({ ...DRAFT, smsId: 7, acceptedAtMs: 0 }).filter((name) => !read.has(name))).toEqual([])
})

/** The columns that migrations make in a table, with the first word of their type. */
function migrated(server: 'postgres' | 'clickhouse', table: string): Map<string, string> {
  const folder = join(ROOT, 'migrations', server)
  const source = readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replace(/--.*$/gm, ''))
    .join('\n')
  const [, made] = new RegExp(`CREATE TABLE ${table}\\s*\\(([^;]*?)\\n\\)`).exec(source)!
  const added = [...source.matchAll(new RegExp(`ALTER TABLE ${table} ADD COLUMN ([^;]*);`, 'g'))].map(([, one]) => one!)
  const columns = [...made!.split('\n'), ...added].map((line) => /^\s*([a-z_]+) (\w+)/.exec(line))
  return new Map(columns.flatMap((found) => (found ? [[found[1]!, found[2]!]] : [])))
}

test('the table of messages has a column for each field, of its type, and no other', () => {
  const wanted = FIELDS.map(({ column, sql }) => [column, sql])
  expect([...migrated('postgres', 'messages')].sort()).toEqual(wanted.sort())
})

test.each([
  ['accepted', ACCEPTED_COLUMNS],
  ['statuses', STATUS_COLUMNS],
])('the table %s of ClickHouse has a column for each that is read from Kafka, and no other', (table, columns) => {
  const ofRecord = ['occurred_at', 'kafka_partition', 'kafka_offset', 'ingested_at']
  const wanted = [...columns.map(({ name }) => name), ...ofRecord]
  expect([...migrated('clickhouse', table).keys()].sort()).toEqual(wanted.sort())
})

/** A value as JSON has it. */
const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('each field comes with its value from a stored message to events, ClickHouse and webhooks, if the list says so', () => {
  const [acceptedRecord, taskRecord] = messageEvents(STORED, 'customer')
  const accepted = eventCodec(AcceptedEvent).decode(Buffer.from(acceptedRecord.value))
  const task = eventCodec(DeliveryTask).decode(Buffer.from(taskRecord.value))
  const details = { operator: 'mci', attempt: 1, possibleDuplicate: false }
  const statusText = statusRecord(taskSubject(task, null), 'sent', details, '/smsgw/worker', Date.now()).value
  const status = eventCodec(StatusEvent).decode(Buffer.from(statusText))
  const events: Readonly<Record<string, object>> = { accepted, task, status }
  const { data } = JSON.parse(eventBody(status)) as { data: Record<string, unknown> }
  const rows: Readonly<Record<string, Record<string, unknown>>> = {
    accepted: rowOf(ACCEPTED_COLUMNS, accepted),
    status: rowOf(STATUS_COLUMNS, status),
  }
  for (const { column, wire, clickhouse, webhook, isIn } of FIELDS) {
    const value = inJson(STORED[column as keyof typeof STORED])
    for (const event of ['accepted', 'task', 'status']) {
      if (!isIn(event)) continue
      expect(inJson(events[event]), `${event} ${wire}`).toMatchObject({ [wire]: value })
      if (event !== 'task' && clickhouse) expect(rows[event]![column], `ClickHouse ${event}.${column}`).toEqual(value)
    }
    if (webhook) expect(data[webhook], `webhook ${webhook}`).toEqual(value)
  }
})

test('what the customer wrote down is what its readers get, and what foreign producers wrote costs only itself', () => {
  const notes = { 'a name ': 'two\r\nlines\t', order: ' 7 ', 'emoji 😀': '😀'.repeat(500) }
  expect(cleanMetadata(notes)).toEqual(notes)
  expect(cleanClientRef(' order 7 ')).toBe(' order 7 ')
  const [, task] = messageEvents({ ...STORED, client_ref: null, metadata: null }, 'customer')
  const decode = (fields: object): DeliveryTask =>
    eventCodec(DeliveryTask).decode(Buffer.from(JSON.stringify({ ...JSON.parse(task.value), ...fields })))
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`name ${index}`, 'x'.repeat(5_000)]))
  expect(Object.keys(decode({ customer_metadata: many }).customer_metadata!)).toHaveLength(20)
  expect(JSON.stringify(decode({ customer_metadata: many })).length).toBeLessThan(25_000)
  expect(decode({ client_ref: 7, customer_metadata: 'x' })).toMatchObject({ client_ref: null, customer_metadata: {} })
  expect(decode({ customer_metadata: { a: 1, b: 'x\u0000y', __proto__: null } }).customer_metadata).toEqual({
    b: 'x y',
  })
})

test('the documentation of webhooks names each of their fields', () => {
  const { data } = JSON.parse(eventBody(statusEvent())) as { data: object }
  const documented = readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8')
  const lacking = Object.keys(data).filter((name) => !new RegExp(`^\\| .*\`${name}\``, 'm').test(documented))
  expect(lacking).toEqual([])
})

/** A status with all that it may have. */
function statusEvent(): StatusEvent {
  const [, task] = messageEvents(STORED, 'customer')
  const subject = taskSubject(eventCodec(DeliveryTask).decode(Buffer.from(task.value)), null)
  const details = { operator: 'mci', attempt: 1, possibleDuplicate: false, isLate: true }
  const { value } = statusRecord(subject, 'sent', details, '/smsgw/worker', Date.now())
  return eventCodec(StatusEvent).decode(Buffer.from(value))
}
