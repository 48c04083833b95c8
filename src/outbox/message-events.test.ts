import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MessageRow } from './claim-batch.ts'
import { messageEvents } from './message-events.ts'

const ACCEPTED_AT = '2026-11-24T10:00:00.123Z'
const SEND_AT = '2026-11-25T10:00:00.456Z'
const VALID_UNTIL = '2026-11-26T10:00:00.789Z'

/** Every value differs from every other, so that a swap of two is noticed. */
const MESSAGE: MessageRow['message'] = {
  customer_id: 'cust_12345',
  phone: '+989121234567',
  text: 'Your verification code is 123456',
  sender: '3000',
  encoding: 'gsm7',
  flash: false,
  segments: 2,
  operator: 'mci',
  cost: 500,
  priority: 1,
  max_retries: 3,
  valid_until: new Date(VALID_UNTIL),
  client_ref: 'order 7',
  idempotency_key: 'req_abc123',
  ip: '192.168.1.100',
  user_agent: 'MyApp/1.0',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  mcc_mnc: '432-11',
  accepted_at: new Date(ACCEPTED_AT),
  send_at: null,
}

function eventsOf(message: Partial<MessageRow['message']>, deliveryKey: 'customer' | 'operator' = 'customer') {
  const row = { sms_id: 9_876_543_210, message: { ...MESSAGE, ...message } } as MessageRow
  const [accepted, task] = messageEvents(row, deliveryKey)
  return { accepted, task, acceptedValue: JSON.parse(accepted.value), taskValue: JSON.parse(task.value) }
}

test('both events carry each field of the stored message', () => {
  const { accepted, acceptedValue, task, taskValue } = eventsOf({})
  const shared = {
    sms_id: 9_876_543_210,
    customer_id: 'cust_12345',
    phone: '+989121234567',
    message: 'Your verification code is 123456',
    sender: '3000',
    encoding: 'gsm7',
    segments: 2,
    operator: 'mci',
    priority: 1,
  }
  expect(acceptedValue).toEqual({
    ...shared,
    event_id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
    event_type: 'sms.accepted',
    timestamp: ACCEPTED_AT,
    cost: 500,
    idempotency_key: 'req_abc123',
    metadata: { ip: '192.168.1.100', user_agent: 'MyApp/1.0' },
    client_ref: 'order 7',
  })
  expect(taskValue).toEqual({
    ...shared,
    task_id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
    retry_count: 0,
    max_retries: 3,
    created_at: ACCEPTED_AT,
    accepted_at: ACCEPTED_AT,
    valid_until: VALID_UNTIL,
    mcc_mnc: '432-11',
  })
  expect([accepted.topic, accepted.key, task.topic, task.key]).toEqual([
    ...['sms.accepted', 'cust_12345', 'sms.delivery', 'cust_12345'],
  ])
  for (const [record, id] of [
    [accepted, acceptedValue.event_id],
    [task, taskValue.task_id],
  ] as const) {
    expect(Object.fromEntries(record.headers)).toEqual({
      ce_specversion: '1.0',
      'content-type': 'application/json',
      ce_source: '/smsgw/relay',
      ce_type: record.topic,
      ce_id: id,
      ce_time: ACCEPTED_AT,
      traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c'),
    })
  }
  expect(acceptedValue.event_id).not.toBe(taskValue.task_id)
})

test('a scheduled message is a task of its time; flash and an operator as the key are carried', () => {
  const { acceptedValue, task, taskValue } = eventsOf({ send_at: new Date(SEND_AT), flash: true }, 'operator')
  expect(acceptedValue).toMatchObject({ timestamp: ACCEPTED_AT, send_at: SEND_AT })
  expect(taskValue).toMatchObject({ created_at: SEND_AT, accepted_at: ACCEPTED_AT, flash: true })
  expect(task.key).toBe('mci')
})

test('what a message does not have is null, or left out where the field is ours', () => {
  const absent = { sender: null, client_ref: null, idempotency_key: null, ip: null, user_agent: null, mcc_mnc: null }
  const { acceptedValue, taskValue } = eventsOf({ ...absent, valid_until: null })
  expect(acceptedValue).toMatchObject({
    ...{ sender: null, client_ref: null, idempotency_key: null },
    metadata: { ip: null, user_agent: null },
  })
  expect(taskValue).toMatchObject({ sender: null, valid_until: null })
  for (const name of ['mcc_mnc', 'flash', 'send_at'])
    expect({ ...acceptedValue, ...taskValue }).not.toHaveProperty(name)
})

test('a message that is published again is the same two records', () => {
  const text = fc.string({ minLength: 1, maxLength: 50 })
  const messages = fc.record({ text, cost: fc.nat(), priority: fc.integer({ min: 0, max: 3 }), client_ref: text })
  fc.assert(
    fc.property(messages, (message) => {
      const { accepted, task } = eventsOf(message)
      const again = eventsOf(message)
      expect([again.accepted, again.task]).toEqual([accepted, task])
    }),
  )
})
