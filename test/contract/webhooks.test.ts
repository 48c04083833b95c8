import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { createCustomer } from '../../src/ops/accounts/accounts.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { EventDelivery } from '../../src/webhooks/deliver-events.ts'
import { EndpointDirectory } from '../../src/webhooks/endpoint-directory.ts'
import { EndpointGate } from '../../src/webhooks/endpoint-gate.ts'
import { createEndpoint, listEndpoints } from '../../src/webhooks/endpoints.ts'
import { EventPoster } from '../../src/webhooks/post-event.ts'
import { RetryLoop } from '../../src/webhooks/retry-events.ts'
import { countRetries } from '../../src/webhooks/store-retries.ts'
import { consumedRecord } from '../servers/consumed-record.ts'
import { eventually } from '../servers/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'

interface Received {
  readonly id: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** An endpoint that answers as it is told, and keeps what it got. */
async function receiver(answer: (received: readonly Received[], response: ServerResponse) => void) {
  const received: Received[] = []
  const server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      received.push({ id: headers['webhook-id']!, headers, body })
      answer(received, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received }
}

const ids = new SmsIds(9)

function record(changes: Partial<StatusEvent> = {}): ConsumedRecord {
  const smsId = ids.next(Date.now())
  const event: StatusEvent = {
    event_id: eventId(smsId, 'delivered', 1),
    sms_id: smsId,
    customer_id: 'c',
    status: 'delivered',
    operator_message_id: 'x',
    error_code: null,
    error_message: null,
    delivered_at: new Date().toISOString(),
    latency_ms: 1,
    occurred_at: new Date().toISOString(),
    operator: 'o',
    attempt: 1,
    segments: 1,
    possible_duplicate: false,
    ...changes,
  }
  return consumedRecord({ topic: 'sms.status', offset: smsId, value: JSON.stringify(event) })
}

async function dispatcher(pool: Pool, allowPrivate = true) {
  const poster = new EventPoster({ timeoutMs: 1_000, connectionsPerOriginMax: 10, allowPrivate })
  const shared = { pool, gate: new EndpointGate(10), poster, counted: () => {} }
  const delivery = new EventDelivery({ ...shared, directory: new EndpointDirectory(pool) })
  const retries = new RetryLoop({ ...shared, log: createLog('test', 'silent' as 'error'), leaseMs: 5_000 })
  onTestFinished(async () => {
    await retries.stop()
    await poster.close()
  })
  return { delivery, retries }
}

async function customerWith(url: string): Promise<{ pool: Pool; secret: string; endpointId: string }> {
  const pool = await freshDatabase()
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
  const { secret, endpoint_id } = await createEndpoint(pool, 'c', url)
  return { pool, secret, endpointId: endpoint_id }
}

test('an event that the endpoint asked for is posted once, signed; others are not', async () => {
  const { url, received } = await receiver((_all, response) => response.writeHead(204).end())
  const { pool, secret } = await customerWith(url)
  const { delivery } = await dispatcher(pool)
  expect(await delivery.handle(record())).toEqual({ kind: 'done' })
  expect(await delivery.handle(record({ status: 'queued' }))).toEqual({ kind: 'done' })
  expect(await delivery.handle(record({ customer_id: 'other' }))).toEqual({ kind: 'done' })
  expect(received).toHaveLength(1)
  const verified = new Webhook(secret).verify(received[0]!.body, received[0]!.headers) as { type: string; data: object }
  expect(verified).toMatchObject({ type: 'message.delivered', data: { status: 'delivered', operator_message_id: 'x' } })
  expect(await countRetries(pool)).toBe(0)
})

test('a failure is stored and tried again under the same id, also by a dispatcher that starts later', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 500 : 200).end())
  const { pool } = await customerWith(url)
  const { delivery } = await dispatcher(pool)
  expect(await delivery.handle(record())).toEqual({ kind: 'done' })
  expect(await countRetries(pool)).toBe(1)
  await pool.query('UPDATE webhook_retries SET next_at = now()')
  ;(await dispatcher(pool)).retries.start()
  expect(
    await eventually(
      () => countRetries(pool),
      (count) => count === 0,
    ),
  ).toBe(0)
  expect(received.map(({ id }) => id)).toEqual([received[0]!.id, received[0]!.id])
})

test('an endpoint that is gone is disabled, with what waits for it', async () => {
  const { url } = await receiver((_all, response) => response.writeHead(410).end())
  const { pool } = await customerWith(url)
  const { delivery } = await dispatcher(pool)
  await delivery.handle(record())
  expect((await listEndpoints(pool, 'c'))[0]!.disabled_reason).toBe('answered 410')
  expect(await countRetries(pool)).toBe(0)
})

test('one that never answers, redirects, or lies in a private network is left to the retries', async () => {
  const silent = await receiver(() => {})
  const target = await receiver((_all, response) => response.writeHead(200).end())
  const redirect = await receiver((_all, response) => response.writeHead(302, { location: target.url }).end())
  for (const [url, allowPrivate, error] of [
    [silent.url, true, /timeout/i],
    [redirect.url, true, /status 302/],
    [target.url, false, /refused/],
  ] as const) {
    const { pool } = await customerWith(url)
    const { delivery } = await dispatcher(pool, allowPrivate)
    await delivery.handle(record())
    const { rows } = await pool.query<{ last_error: string }>('SELECT last_error FROM webhook_retries')
    expect(rows[0]?.last_error).toMatch(error)
  }
  expect(target.received).toEqual([])
})

test('a record that is no event is a dead letter', async () => {
  const { delivery } = await dispatcher(await freshDatabase())
  const bad = consumedRecord({ topic: 'sms.status', value: '{"sms_id":"x"}' })
  expect(await delivery.handle(bad)).toMatchObject({ kind: 'dead-letter', reason: 'schema' })
})
