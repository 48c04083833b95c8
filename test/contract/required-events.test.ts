import { expect, test } from 'vitest'
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
