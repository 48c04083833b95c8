import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STORED, TASK } from '../../test/servers/sample-message.ts'
import { STATUSES, type Status } from '../domain/status.ts'
import { type StatusDetails, statusRecord } from './status-record.ts'
import { type StatusSubject, storedSubject, taskSubject } from './status-subject.ts'

const ACCEPTED_MS = Date.parse('2026-11-24T10:00:00.000Z')
const SUBJECT: StatusSubject = storedSubject({ ...STORED, due_at: new Date(ACCEPTED_MS) })
const DETAILS: StatusDetails = { operator: 'mci', attempt: 3, possibleDuplicate: false }

function eventOf(status: Status, details: Partial<StatusDetails> = {}, nowMs = ACCEPTED_MS + 234) {
  const record = statusRecord(SUBJECT, status, { ...DETAILS, ...details }, '/smsgw/worker', nowMs)
  return { record, event: JSON.parse(record.value) }
}

test('a status carries each field of what is known', () => {
  const deliveredAt = new Date(ACCEPTED_MS + 200)
  const parts = [{ part: 1, status: 'sent' as const }]
  const details = { operatorMessageId: 'op_msg_12345', errorCode: '011', deliveredAt, possibleDuplicate: true, parts }
  const { record, event } = eventOf('delivered', { ...details, isLate: true, route: 'cheapest' })
  expect(event).toMatchObject({
    event_id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
    sms_id: 9_876_543_210,
    customer_id: 'cust_12345',
    client_ref: 'order 7',
    customer_metadata: { campaign: 'spring', note: 'two\nlines' },
    status: 'delivered',
    operator_message_id: 'op_msg_12345',
    error_code: '011',
    error_message: null,
    delivered_at: '2026-11-24T10:00:00.200Z',
    latency_ms: 234,
    occurred_at: '2026-11-24T10:00:00.234Z',
    operator: 'mci',
    attempt: 3,
    segments: 2,
    possible_duplicate: true,
    parts,
    late: true,
    route: 'cheapest',
  })
  expect([record.topic, record.key]).toEqual(['sms.status', '9876543210'])
  expect(Object.fromEntries(record.headers)).toEqual({
    ce_specversion: '1.0',
    'content-type': 'application/json',
    ce_source: '/smsgw/worker',
    ce_type: 'sms.status.delivered',
    ce_id: event.event_id,
    ce_time: event.occurred_at,
    traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c'),
  })
})

test('the notes of its customer are left out where a message has none, in statuses of a row and of a task', () => {
  const ofRow = storedSubject({ ...STORED, client_ref: null, metadata: null, due_at: new Date(ACCEPTED_MS) })
  for (const subject of [ofRow, taskSubject(TASK, null)]) {
    const event = JSON.parse(statusRecord(subject, 'sent', DETAILS, '/smsgw/worker', ACCEPTED_MS).value)
    expect(event).toMatchObject({ sms_id: subject.smsId, customer_id: subject.customerId })
    for (const name of ['client_ref', 'customer_metadata']) expect(event).not.toHaveProperty(name)
  }
  const task = {
    ...TASK,
    client_ref: 'order 7',
    customer_metadata: { campaign: 'spring' },
    created_at: '2026-11-24T09:00:00.000Z',
  }
  const subject = taskSubject(task, null)
  expect(subject.dueAtMs).toBe(ACCEPTED_MS - 3_600_000)
  expect(subject.carried).toMatchObject({
    ...{ sms_id: 7, customer_id: 'c', segments: 1, client_ref: 'order 7', customer_metadata: { campaign: 'spring' } },
  })
})

test('what is not known is null, or left out where the field is ours', () => {
  const { event } = eventOf('sending')
  expect(event).toMatchObject({ operator_message_id: null, error_code: null, delivered_at: null })
  for (const name of ['parts', 'late', 'route']) expect(event).not.toHaveProperty(name)
  expect(eventOf('sending', { parts: [] }).event).not.toHaveProperty('parts')
})

test('the latency is the time since acceptance, and never below zero where clocks differ', () => {
  fc.assert(
    fc.property(fc.integer({ min: -86_400_000, max: 7 * 86_400_000 }), (afterMs) => {
      const { event } = eventOf('sent', {}, ACCEPTED_MS + afterMs)
      expect(event.latency_ms).toBe(Math.max(afterMs, 0))
      expect(Date.parse(event.occurred_at)).toBe(ACCEPTED_MS + afterMs)
    }),
  )
})

test('the id names message, status and attempt: the same whenever it is published, another for each of them', () => {
  const attempts = [1, 2]
  const ids = STATUSES.flatMap((status) => attempts.map((attempt) => eventOf(status, { attempt }).event.event_id))
  expect(new Set(ids).size).toBe(STATUSES.length * attempts.length)
  expect(eventOf('sent', {}, ACCEPTED_MS + 9_999).event.event_id).toBe(eventOf('sent').event.event_id)
})

test.each<[Status, Partial<StatusDetails>, string | null]>([
  ['rejected', { errorCode: 'ESME_RINVDSTADR' }, 'The operator rejected the message: '],
  ['rejected', { errorCode: '7', operatorMessageId: 'x' }, 'The operator reported the message as rejected: code 7.'],
  ['failed', { errorCode: '7', operatorMessageId: null }, 'Every attempt failed: code 7.'],
  ['failed', { errorText: 'Absent' }, 'Every attempt failed: "Absent".'],
  ['sent', { errorCode: '7' }, null],
])('the error of %s with %j is said in words', (status, details, words) => {
  const { error_message } = eventOf(status, details).event
  if (words === null) expect(error_message).toBeNull()
  else expect(error_message.startsWith(words), error_message).toBe(true)
})

test('a code of SMPP has its meaning beside it', () => {
  const { error_message } = eventOf('rejected', { errorCode: 'ESME_RINVDSTADR' }).event
  expect(error_message).toMatch(/^The operator rejected the message: .+ \(ESME_RINVDSTADR\)\.$/)
})
