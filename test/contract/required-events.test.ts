import { expect, test } from 'vitest'
import { cancelMessage } from '../../src/accept/cancel/cancel-message.ts'
import { decodePayload } from '../../src/events/outbox-payload.ts'
import { claimBatch } from '../../src/outbox/claim-batch.ts'
import { messageEvents } from '../../src/outbox/message-events.ts'
import { apiGateway } from '../servers/api-gateway.ts'

const ALL_SHARDS = Array.from({ length: 64 }, (_, shard) => ({ shard, seqAfter: 0 }))

test('what a customer posts is in both events: every field of the requirements, with its value', async () => {
  const { pool, app, key } = await apiGateway(10_000)
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'req_abc123', 'user-agent': 'MyApp/1.0' },
    remoteAddress: '192.168.1.100',
    payload: { to: '+989121234567', text: 'Your verification code is 123456', priority: 2 },
  })
  expect(answer.statusCode).toBe(202)
  const { sms_id, cost, operator } = answer.json()
  const [row] = await claimBatch(pool, ALL_SHARDS, 10)
  const [accepted, task] = messageEvents(row!.message!, 'customer')
  const { timestamp, ...acceptedFields } = JSON.parse(accepted.value)
  expect(acceptedFields).toMatchObject({
    event_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
    event_type: 'sms.accepted',
    customer_id: 'c',
    sms_id,
    phone: '+989121234567',
    message: 'Your verification code is 123456',
    cost,
    idempotency_key: 'req_abc123',
    metadata: { ip: '192.168.1.100', user_agent: 'MyApp/1.0' },
    priority: 2,
  })
  expect(JSON.parse(task.value)).toMatchObject({
    task_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
    sms_id,
    customer_id: 'c',
    phone: '+989121234567',
    message: 'Your verification code is 123456',
    operator,
    priority: 2,
    retry_count: 0,
    max_retries: 3,
    created_at: timestamp,
  })
  expect(Date.parse(timestamp)).toBeGreaterThan(Date.now() - 3_600_000)
})

test("the customer's notes travel with a message to both events and to each status; its retries are the setting's", async () => {
  const { pool, app, key } = await apiGateway(10_000, undefined, { queue: { maxRetries: 7 } })
  const notes = { client_ref: 'order "7"', metadata: { campaign: 'spring\\', note: 'two\nlines' } }
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: { authorization: `Bearer ${key}` },
    payload: { to: '+989121234567', text: 'x', ...notes },
  })
  expect(answer.statusCode).toBe(202)
  const { sms_id } = answer.json()
  const [row] = await claimBatch(pool, ALL_SHARDS, 10)
  const [accepted, task] = messageEvents(row!.message!, 'customer').map(({ value }) => JSON.parse(value))
  expect(await cancelMessage(pool, 'c', sms_id)).toEqual({ kind: 'cancelled' })
  const { rows } = await pool.query<{ payload: string }>('SELECT payload FROM outbox WHERE payload IS NOT NULL')
  const status = JSON.parse(String(decodePayload(rows[0]!.payload).value))
  for (const event of [accepted, task, status]) {
    expect(event).toMatchObject({ sms_id, client_ref: notes.client_ref, customer_metadata: notes.metadata })
  }
  expect(status).toMatchObject({ status: 'cancelled', customer_id: 'c', segments: 1, attempt: 0 })
  expect(task).toMatchObject({ max_retries: 7 })
})
