import { expect, test } from 'vitest'
import { revokeKey } from '../../src/accounts/accounts.ts'
import { createApiKey } from '../../src/domain/api-key.ts'
import { eventually } from '../gateway/eventually.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { fixedRouter } from '../servers/fixed-operators.ts'
import { bearer, GOOD, keyOfNew, post } from '../servers/post-message.ts'

test('an address without a key has a burst and a rate; customers behind it are served on', async () => {
  const { pool, app, key } = await apiGateway(10_000, fixedRouter(), { limits: { addressRequestsPerSecond: 0.01 } })
  expect((await post(app, key, GOOD)).statusCode).toBe(202)
  const answers = await Promise.all(Array.from({ length: 60 }, () => app.inject({ url: '/errors/no-route' })))
  const refused = answers.filter(({ statusCode }) => statusCode === 429)
  expect(refused.length).toBeGreaterThan(30)
  expect(refused[0]!.json()).toMatchObject({ code: 'too-many-requests', retry: 'later' })
  expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0)
  for (const url of ['/v1/balance', '/nothing']) expect((await app.inject({ url })).statusCode).toBe(429)
  const stranger = { remoteAddress: '192.0.2.9' }
  expect((await app.inject({ url: '/errors/no-route', ...stranger })).statusCode).toBe(200)
  // Known keys do not depend on their address.
  expect((await post(app, key, GOOD)).statusCode).toBe(202)
  const { rows } = await pool.query('SELECT count(*) AS count FROM messages')
  expect(rows).toEqual([{ count: 2 }])
})

test('a large document costs an address more than a small one', async () => {
  const { app } = await apiGateway(0, fixedRouter(), { limits: { addressRequestsPerSecond: 1 } })
  const statuses: number[] = []
  for (let n = 0; n < 2; n++) statuses.push((await app.inject({ url: '/docs/js/scalar.js' })).statusCode)
  expect(statuses).toEqual([200, 429])
})

test('guessed keys are looked up together, and remembered for a second', async () => {
  const { pool, app, key, keyId } = await apiGateway(1_000)
  let lookups = 0
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown
  pool.query = ((...args: unknown[]) => {
    if ((args[0] as { name?: string }).name === 'read-api-keys') lookups++
    return query(...args)
  }) as typeof pool.query
  const read = (each: string) => app.inject({ url: '/v1/balance', headers: bearer(each) })
  const guessed = Array.from({ length: 200 }, () => createApiKey().text)
  for (const answer of await Promise.all(guessed.map(read))) expect(answer.statusCode).toBe(401)
  expect(lookups).toBeLessThan(20)
  const before = lookups
  for (const answer of await Promise.all(guessed.slice(0, 100).map(read))) expect(answer.statusCode).toBe(401)
  // Those that were looked up longer than a second ago, on a slow machine, are read again, together.
  expect(lookups - before).toBeLessThan(5)
  expect((await read(key)).statusCode).toBe(200)
  await revokeKey(pool, keyId)
  expect(
    (
      await eventually(
        'the revoked key is accepted no more',
        () => read(key),
        ({ statusCode }) => statusCode !== 200,
      )
    ).statusCode,
  ).toBe(401)
})

test('a customer has limits of requests, messages and bytes, each named by what it answers; another has its own', async () => {
  const limits = { customerRequestsPerSecond: 0.05, customerMessagesPerSecond: 1, customerKibPerSecond: 1 }
  const { pool, app, key } = await apiGateway(1_000_000, fixedRouter(), { limits })
  const { key: other } = await keyOfNew(pool, 'd')
  const balance = (of: string) => app.inject({ url: '/v1/balance', headers: bearer(of) })
  const first = await balance(key)
  expect(first.headers['ratelimit-policy']).toBe(
    '"requests";q=1;w=20, "messages";q=1000;w=1000, "bytes";q=1048576;w=1024',
  )
  expect(first.headers.ratelimit).toMatch(/^"requests";r=0;t=(20|1[0-9])$/)
  const refused = await balance(key)
  expect([refused.statusCode, refused.headers.ratelimit]).toEqual([
    429,
    expect.stringMatching(/^"requests";r=0;t=\d+$/),
  ])
  expect(refused.json()).toMatchObject({ code: 'too-many-requests', retry: 'later' })
  expect((await balance(other)).statusCode).toBe(200)
})

test('messages that are refused count like others, and so do bytes', async () => {
  const limits = { customerMessagesPerSecond: 0.1, customerKibPerSecond: 0.1 }
  const { pool, app, key } = await apiGateway(1_000_000, fixedRouter(), { limits })
  const faulty = { messages: Array.from({ length: 600 }, () => ({ text: 'x' })) }
  expect((await post(app, key, faulty, '/v1/messages/batch')).json()).toMatchObject({ rejected: 600 })
  const tooMany = await post(app, key, faulty, '/v1/messages/batch')
  expect([tooMany.statusCode, tooMany.headers.ratelimit]).toEqual([
    429,
    expect.stringMatching(/^"messages";r=400;t=\d+$/),
  ])

  const { key: other } = await keyOfNew(pool, 'd')
  const large = `{"messages":[{"to":"+989121234567","text":"x","client_ref":"${'x'.repeat(900_000)}"}]}`
  expect((await post(app, other, large, '/v1/messages/batch')).json()).toMatchObject({ rejected: 1 })
  const tooLarge = await post(app, other, large, '/v1/messages/batch')
  expect([tooLarge.statusCode, tooLarge.headers.ratelimit]).toEqual([
    429,
    expect.stringMatching(/^"bytes";r=\d+;t=\d+$/),
  ])
})

test('a customer may have so many messages under way; others go on', async () => {
  const { pool, app, key } = await apiGateway(1_000_000, fixedRouter(), { limits: { customerMessagesMax: 100 } })
  const { key: other } = await keyOfNew(pool, 'd')
  const batch = { messages: Array.from({ length: 90 }, () => GOOD) }
  const locking = await pool.connect()
  await locking.query("BEGIN; SELECT FROM balances WHERE customer_id = 'c' FOR UPDATE")
  const first = post(app, key, batch, '/v1/messages/batch')
  await eventually(
    'the batch waits for the lock of the balance',
    async () =>
      (await pool.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
        .rowCount,
    (waiting) => waiting! > 0,
  )
  expect((await post(app, key, batch, '/v1/messages/batch')).statusCode).toBe(429)
  await locking.query('COMMIT')
  locking.release()
  expect((await first).statusCode).toBe(202)
  expect((await post(app, key, batch, '/v1/messages/batch')).statusCode).toBe(202)
  expect((await post(app, other, GOOD)).json().code).toBe('insufficient-balance')
})
