import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { enableEndpoint } from '../../src/webhooks/change-endpoints.ts'
import { createEndpoint, listEndpoints } from '../../src/webhooks/endpoints.ts'
import { countRetries } from '../../src/webhooks/store-retries.ts'
import { consumedRecord } from '../servers/consumed-record.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import { customerWith, dispatcher, receiver, record, retryRows, untilEmpty } from '../servers/webhook-dispatcher.ts'

test('an event that the endpoint asked for is posted once, signed; others are not', async () => {
  const { url, received } = await receiver()
  const { pool, secret } = await customerWith(url)
  const { events } = dispatcher(pool)
  expect(await events.handle(record())).toEqual({ kind: 'done' })
  expect(await events.handle(record({ status: 'queued' }))).toEqual({ kind: 'done' })
  expect(await events.handle(record({ customer_id: 'other' }))).toEqual({ kind: 'done' })
  expect(received).toHaveLength(1)
  const verified = new Webhook(secret).verify(received[0]!.body, received[0]!.headers) as { type: string; data: object }
  expect(verified).toMatchObject({ type: 'message.delivered', data: { status: 'delivered', operator_message_id: 'x' } })
  expect(await countRetries(pool)).toBe(0)
})

test('a failure is stored and tried again under the same id, also by a dispatcher that starts later', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 500 : 200).end())
  const { pool } = await customerWith(url)
  expect(await dispatcher(pool).events.handle(record())).toEqual({ kind: 'done' })
  expect(await countRetries(pool)).toBe(1)
  await pool.query('UPDATE webhook_retries SET next_at = now()')
  dispatcher(pool).retries.start()
  await untilEmpty(pool)
  expect(received.map(({ id }) => id)).toEqual([received[0]!.id, received[0]!.id])
})

test('an endpoint that is gone is disabled; its events are kept, and posted when it is enabled', async () => {
  let status = 410
  const { url, received } = await receiver((_all, response) => response.writeHead(status).end())
  const { pool, id } = await customerWith(url)
  const { events, retries } = dispatcher(pool)
  await events.handle(record())
  expect((await listEndpoints(pool, { customerId: 'c', rowsMax: 10 }))[0]!.disabled_reason).toBe('answered 410')
  expect(await retryRows(pool)).toEqual([{ attempts: 1, last_error: 'status 410', exhausted: false }])
  status = 204
  await enableEndpoint(pool, id)
  retries.start()
  await untilEmpty(pool)
  expect(received).toHaveLength(2)
})

test('a private address is refused also where the table has one', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  await dispatcher(pool, { WEBHOOK_ALLOW_PRIVATE: 'no' }).events.handle(record())
  expect((await retryRows(pool))[0]!.last_error).toMatch(/^refused: 127\.0\.0\.1 is not a public address/)
  expect(received).toEqual([])
})

test('C13: neither a wrong clock here nor a wrong one in the record makes an event wait, and signatures hold', async () => {
  const { url, received } = await receiver((all, response) =>
    response.writeHead(all.length % 2 === 1 ? 500 : 204).end(),
  )
  const { pool, secret } = await customerWith(url)
  const spy = vi.spyOn(Date, 'now')
  onTestFinished(() => spy.mockRestore())
  const setClock = (aheadMs: number): void => {
    spy.mockImplementation(() => Math.round(performance.timeOrigin + performance.now() + aheadMs))
  }
  for (const aheadMs of [600_000, -600_000]) {
    const { events, retries } = dispatcher(pool)
    // That of the worker that published it.
    setClock(600_000)
    const published = record()
    setClock(aheadMs)
    expect(await events.handle(published)).toEqual({ kind: 'done' })
    await pool.query("UPDATE webhook_retries SET next_at = next_at - interval '5 seconds'")
    retries.start()
    await untilEmpty(pool)
  }
  spy.mockRestore()
  expect(received).toHaveLength(4)
  for (const { body, headers } of received) new Webhook(secret).verify(body, headers)
})

test('an endpoint that was made before a message hears of it, whatever transactions are open', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  const { events } = dispatcher(pool)
  await events.handle(record())
  // This one draws its transaction number before the other, and commits after it.
  const early = await pool.connect()
  await early.query('BEGIN')
  await createEndpoint(early, { customerId: 'c', url: `${url}?early`, allowPrivate: true })
  await createEndpoint(pool, { customerId: 'c', url: `${url}?late`, allowPrivate: true })
  await events.handle(record())
  expect(received).toHaveLength(3)
  await early.query('COMMIT')
  early.release()
  await events.handle(record())
  expect(received).toHaveLength(6)
})

test('C20: credentials of the URL are sent as Basic authentication, directly and by retries, and never shown', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 401 : 204).end())
  const { pool, endpoint } = await customerWith(url.replace('http://', 'http://USER:SECRET@'))
  expect(endpoint.url).toBe(url)
  const { events, retries } = dispatcher(pool)
  await events.handle(record())
  await pool.query('UPDATE webhook_retries SET next_at = now()')
  retries.start()
  await untilEmpty(pool)
  const sent = `Basic ${Buffer.from('USER:SECRET').toString('base64')}`
  expect(received.map(({ headers }) => headers.authorization)).toEqual([sent, sent])
})

test('a record that is no event is a dead letter', async () => {
  const { events } = dispatcher(await freshDatabase())
  const bad = consumedRecord({ topic: 'sms.status', value: '{"sms_id":"x"}' })
  expect(await events.handle(bad)).toMatchObject({ kind: 'dead-letter', reason: 'schema' })
  expect(await events.defer(bad)).toMatchObject({ kind: 'dead-letter', reason: 'schema' })
})

test('a record that blocks its partition is stored for later, and not posted', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  expect(await dispatcher(pool).events.defer(record())).toEqual({ kind: 'done' })
  expect(await countRetries(pool)).toBe(1)
  expect(received).toEqual([])
})
