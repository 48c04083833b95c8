import { METHODS } from 'node:http'
import { type AddressInfo, createConnection } from 'node:net'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { createApiKey } from '../../src/domain/api-key.ts'
import { createCustomer, issueKey, revokeKey, setExpress } from '../../src/ops/accounts/accounts.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { eventually } from '../servers/eventually.ts'
import { fixedRouter } from '../servers/fixed-operators.ts'

const GOOD = { to: '+989121234567', text: 'hello' }
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

function post(app: FastifyInstance, key: string, body: unknown, url = '/v1/messages', headers = {}) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(key), 'content-type': 'application/json', ...headers },
    payload,
  })
}

/** Every path that the API serves, with values in the place of its parameters. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  '/livez': ['GET', 'HEAD'],
  '/openapi.json': ['GET', 'HEAD'],
  '/docs': ['GET', 'HEAD'],
  '/docs/': ['GET', 'HEAD'],
  '/docs/js/scalar.js': ['GET', 'HEAD'],
  '/errors/no-route': ['GET', 'HEAD'],
  '/v1/balance': ['GET', 'HEAD'],
  '/v1/messages': ['POST'],
  '/v1/messages/batch': ['POST'],
  '/v1/messages/quote': ['POST'],
  '/v1/messages/77': ['GET', 'HEAD'],
  '/v1/messages/77/cancel': ['POST'],
}

test('C24: a known path answers every method that it does not take with 405 and Allow, with and without a key', async () => {
  const { app, key } = await apiGateway(1_000)
  for (const [url, allowed] of Object.entries(PATHS)) {
    for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
      for (const headers of [{}, bearer(key)]) {
        const answer = await app.inject({ method: method as 'GET', url, headers })
        if (allowed.includes(method)) expect(answer.statusCode, `${method} ${url}`).not.toBe(405)
        else {
          expect(answer.statusCode, `${method} ${url}`).toBe(405)
          expect(answer.headers.allow).toBe(allowed.join(', '))
          if (method !== 'HEAD') expect(answer.json()).toMatchObject({ code: 'method-not-allowed', status: 405 })
        }
      }
    }
  }
})

test('the table above names every route, and what serves operators is not among them', async () => {
  const { app } = await apiGateway(0)
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as { paths: Record<string, object> }
  const described = Object.keys(paths).map((path) => path.replace('{sms_id}', '77').replace('{code}', 'no-route'))
  expect(Object.keys(PATHS)).toEqual(expect.arrayContaining(described))
  for (const url of ['/metrics', '/readyz', '/dlq', '/docs/openapi.json']) {
    expect((await app.inject({ url })).statusCode, url).toBe(404)
  }
  expect((await app.inject({ url: '/livez' })).json()).toEqual({ live: true })
})

test('names that every object has are no errors, and no paths', async () => {
  const { app } = await apiGateway(0)
  for (const name of [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '%5F%5Fproto%5F%5F',
    'x'.repeat(5_000),
  ]) {
    const answer = await app.inject({ url: `/errors/${name}` })
    expect(answer.statusCode, name).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'not-found' })
    expect(answer.body.length).toBeLessThan(1_000)
  }
  expect((await app.inject({ url: '/errors/forbidden' })).json()).toMatchObject({ code: 'forbidden', status: 403 })
  expect((await app.inject({ url: '/errors/%ff' })).json()).toMatchObject({ code: 'invalid-request', status: 400 })
})

test('C19: the scheme of a key counts without regard to case; other schemes and forms are refused', async () => {
  const { app, key } = await apiGateway(1_000)
  for (const authorization of [`bearer ${key}`, `BEARER ${key}`, `bEaReR   ${key} `]) {
    expect((await app.inject({ url: '/v1/balance', headers: { authorization } })).statusCode, authorization).toBe(200)
  }
  for (const authorization of [
    key,
    `Basic ${key}`,
    `Bearer`,
    `Bearer ${key} ${key}`,
    `Bearer${key}`,
    `Bearer ${key}x`,
  ]) {
    const answer = await app.inject({ url: '/v1/balance', headers: { authorization } })
    expect(answer.statusCode, authorization).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  }
})

test('C5: a body with a byte that is not UTF-8 is refused, and nothing is charged', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  for (const url of ['/v1/messages', '/v1/messages/quote', '/v1/messages/batch']) {
    const answer = await post(app, key, Buffer.from('{"to":"+989000000001","text":"caf\xe9"}', 'latin1'), url)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'invalid-request', detail: expect.stringContaining('byte E9 at 33') })
  }
  const other = { 'content-type': 'application/json; charset=iso-8859-1' }
  expect((await post(app, key, GOOD, '/v1/messages', other)).statusCode).toBe(415)
  expect((await post(app, key, GOOD, '/v1/messages', { 'content-encoding': 'gzip' })).statusCode).toBe(415)
  const { rows } = await pool.query('SELECT count(*) AS count FROM messages')
  expect(rows).toEqual([{ count: 0 }])
})

test.each([
  ['C18: a line break in a name', { metadata: { 'a\nb': 5 } }, '/metadata/a b'],
  ['a line break in a name of a text', { metadata: { 'a\nb': 'c' } }, '/metadata/a b'],
  ['a number as a value', { metadata: { a: 5 } }, '/metadata/a'],
  ['an object as a value', { metadata: { a: {} } }, '/metadata/a'],
  ['an empty name', { metadata: { '': 'a' } }, '/metadata/'],
  ['a name of 41 characters', { metadata: { ['n'.repeat(41)]: 'a' } }, `/metadata/${'n'.repeat(41)}`],
  ['a name that turns into something else', { metadata: JSON.parse('{"__proto__":"a"}') }, '/metadata/__proto__'],
  ['a value of 501 characters', { metadata: { a: 'b'.repeat(501) } }, '/metadata/a'],
  ['a control character in a value', { metadata: { a: 'b\u0007' } }, '/metadata/a'],
  ['half of a character in a name', { metadata: { '\ud800': 'b' } }, '/metadata/'],
  ['21 names', { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [n, 'a'])) }, '/metadata'],
  ['a list', { metadata: ['a'] }, '/metadata/0'],
  ['a line break in client_ref', { client_ref: 'a\nb' }, '/client_ref'],
  ['a line break in from', { from: '2000\n1' }, '/from'],
  ['half of a character in the text', { text: 'x\udfff' }, '/text'],
])('%s is refused with its place, and of a batch only its message', async (_what, fields, pointer) => {
  const { pool, app, key } = await apiGateway(1_000)
  const alone = await post(app, key, { ...GOOD, ...fields })
  expect(alone.statusCode).toBe(400)
  // A list is not an object, whatever stands in it.
  const place = 'metadata' in fields && Array.isArray(fields.metadata) ? '/metadata' : pointer.trimEnd()
  expect(alone.json().errors[0].pointer.trimEnd()).toBe(place)
  const batch = await post(app, key, { messages: [GOOD, { ...GOOD, ...fields }, GOOD] }, '/v1/messages/batch')
  expect(batch.json()).toMatchObject({ accepted: 2, rejected: 1 })
  expect(batch.json().results[1].errors[0].pointer.trimEnd()).toBe(`/messages/1${place}`)
  const { rows } = await pool.query('SELECT count(*) AS count FROM messages')
  expect(rows).toEqual([{ count: 2 }])
})

test('what metadata may be: forty characters of anything else, and values of several lines', async () => {
  const { app, key } = await apiGateway(1_000)
  const metadata = { 'نام مشتری': 'a\r\n\tb', constructor: 'c', ['n'.repeat(40)]: '' }
  const { sms_id } = (await post(app, key, { ...GOOD, metadata })).json()
  expect((await app.inject({ url: `/v1/messages/${sms_id}`, headers: bearer(key) })).json().metadata).toEqual(metadata)
})

test('a misshapen message costs itself alone, a misshapen batch all', async () => {
  const { app, key } = await apiGateway(1_000)
  const messages = [GOOD, null, 5, 'x', [], { to: 5, text: 'x' }, { text: 'x' }, { ...GOOD, txet: 'x' }, GOOD]
  const answer = await post(app, key, { messages }, '/v1/messages/batch')
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({ accepted: 2, rejected: 7 })
  expect(answer.json().results[7]).toMatchObject({ status: 400, errors: [{ pointer: '/messages/7/txet' }] })
  const wrong = [{}, [], null, 'x', { messages: 'x' }, { messages: [] }, { messages: [GOOD], more: 1 }]
  for (const body of [...wrong, { messages: Array.from({ length: 1_001 }, () => GOOD) }, '']) {
    const refused = await post(app, key, body, '/v1/messages/batch')
    expect(refused.statusCode, JSON.stringify(body).slice(0, 50)).toBe(400)
    expect(refused.json()).toMatchObject({ code: 'invalid-request' })
  }
})

test('priority 3 is a permission of the customer, and may be withheld from a key', async () => {
  const { pool, app, key } = await apiGateway(10_000)
  const { key: bulkKey } = await issueKey(pool, 'c', { express: false })
  await createCustomer(pool, { customerId: 'd', name: 'd', currency: 'IRR' })
  const { key: otherKey } = await issueKey(pool, 'd')
  const express = { ...GOOD, priority: 3 }
  expect((await post(app, key, express)).statusCode).toBe(202)
  for (const refusedKey of [bulkKey, otherKey]) {
    for (const url of ['/v1/messages', '/v1/messages/quote']) {
      const refused = await post(app, refusedKey, express, url)
      expect(refused.json()).toMatchObject({ status: 403, code: 'forbidden', errors: [{ pointer: '/priority' }] })
    }
    const batch = await post(app, refusedKey, { messages: [express] }, '/v1/messages/batch')
    expect(batch.json().results[0]).toMatchObject({ code: 'forbidden', errors: [{ pointer: '/messages/0/priority' }] })
  }
  expect((await post(app, bulkKey, { ...GOOD, priority: 2 })).statusCode).toBe(202)
  await setExpress(pool, 'd', true)
  // What is known of a key is believed for a while.
  const granted = await eventually(
    () => post(app, otherKey, express, '/v1/messages/quote'),
    ({ statusCode }) => statusCode === 200,
  )
  expect(granted.json()).toMatchObject({ cost: 100 })
})

test('documents: compressed, with an ETag that is honoured, and from nowhere else', async () => {
  const { app } = await apiGateway(0)
  for (const url of ['/docs/', '/docs/js/scalar.js', '/openapi.json', '/errors/no-route']) {
    const plain = await app.inject({ url })
    expect(plain.statusCode).toBe(200)
    expect(plain.headers).toMatchObject({
      'cache-control': expect.stringMatching(/^public, max-age=\d+$/),
      'x-content-type-options': 'nosniff',
    })
    expect(plain.headers['content-encoding']).toBeUndefined()
    const etag = plain.headers.etag as string
    const known = await app.inject({ url, headers: { 'if-none-match': `"other", W/${etag}` } })
    expect([known.statusCode, known.body, known.headers.etag]).toEqual([304, '', etag])
    expect((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200)
    const head = await app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      plain.headers['content-length'],
    ])
    if (plain.rawPayload.length < 1_400) continue
    const etags = new Set([etag])
    for (const [accepted, encoding, unpack] of [
      ['gzip, deflate, br;q=1.0', 'br', brotliDecompressSync],
      ['gzip;q=0.5, br;q=0', 'gzip', gunzipSync],
    ] as const) {
      const packed = await app.inject({ url, headers: { 'accept-encoding': accepted } })
      expect(packed.headers['content-encoding']).toBe(encoding)
      expect(packed.headers.vary).toBe('accept-encoding')
      expect(unpack(packed.rawPayload)).toEqual(plain.rawPayload)
      expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
      etags.add(packed.headers.etag as string)
    }
    expect(etags.size).toBe(3)
  }
  const page = await app.inject({ url: '/docs/' })
  expect(page.headers['content-security-policy']).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe-inline|\*/)
  expect(page.body).not.toMatch(/https?:\/\//)
  const redirect = await app.inject({ url: '/docs' })
  expect([redirect.statusCode, redirect.headers.location]).toEqual([301, 'docs/'])
})

test('every answer is guarded, kept by no cache, and says nothing to pages of other origins', async () => {
  const { app, key } = await apiGateway(1_000)
  const answers = [
    await app.inject({ url: '/v1/balance', headers: { ...bearer(key), origin: 'https://elsewhere.example' } }),
    await app.inject({ url: '/v1/balance', headers: { origin: 'https://elsewhere.example' } }),
    await app.inject({ method: 'OPTIONS', url: '/v1/messages', headers: { origin: 'https://elsewhere.example' } }),
    await post(app, key, GOOD),
    await app.inject({ url: '/nothing' }),
  ]
  for (const { headers } of answers) {
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    for (const name of Object.keys(headers)) expect(name).not.toMatch(/^(access-control-|server$|x-powered-by)/)
  }
  const ids = await Promise.all([1, 2].map(() => app.inject({ url: '/nothing', headers: { 'request-id': 'mine' } })))
  const [first, second] = ids.map((answer) => answer.json().request_id)
  expect(first).toMatch(/^[0-9a-f-]{36}$/)
  expect(second).not.toBe(first)
})

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

async function keyOfNew(pool: Parameters<typeof issueKey>[0], customerId: string) {
  await createCustomer(pool as never, { customerId, name: customerId, currency: 'IRR' })
  return issueKey(pool, customerId)
}

test('a customer may have so many messages under way; others go on', async () => {
  const { pool, app, key } = await apiGateway(1_000_000, fixedRouter(), { limits: { customerMessagesMax: 100 } })
  const { key: other } = await keyOfNew(pool, 'd')
  const batch = { messages: Array.from({ length: 90 }, () => GOOD) }
  const locking = await pool.connect()
  await locking.query("BEGIN; SELECT FROM balances WHERE customer_id = 'c' FOR UPDATE")
  const first = post(app, key, batch, '/v1/messages/batch')
  await eventually(
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

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** A connection, what it was sent so far, and when it was closed by the other side. */
function connect(port: number, bytes: string) {
  const socket = createConnection({ port, host: '127.0.0.1' })
  onTestFinished(() => {
    socket.destroy()
  })
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  socket.write(bytes)
  return { socket, connected, closed, received: () => received }
}

test('too many connections: the oldest stranger makes room, a customer never', async () => {
  const { app, key } = await apiGateway(1_000, fixedRouter(), { limits: { connectionsPerAddressMax: 3 } })
  const port = await listen(app)
  const customer = connect(port, `GET /v1/balance HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`)
  await eventually(
    async () => customer.received(),
    (text) => text.includes('"balance"'),
  )
  const strangers = [1, 2].map(() => connect(port, 'GET '))
  for (const { connected } of strangers) await connected
  const third = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
  await strangers[0]!.closed
  await eventually(
    async () => third.received(),
    (text) => text.includes('"live":true'),
  )
  customer.socket.write(`GET /v1/balance HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`)
  await eventually(
    async () => customer.received(),
    (text) => text.split('"balance"').length === 3,
  )
})

test('one connection may have a few requests under way, and what is no HTTP is answered and closed', async () => {
  const { app } = await apiGateway(0)
  const port = await listen(app)
  const many = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000))
  expect((await many.closed).split('"live"').length).toBeLessThan(1_000)
  const rubbish = await connect(port, 'rubbish\r\n\r\n').closed
  expect(rubbish).toMatch(/^HTTP\/1\.1 400 /)
  expect(rubbish).toContain('"code":"invalid-request"')
  const long = await connect(port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`).closed
  expect(long).toMatch(/^HTTP\/1\.1 431 /)
  expect(problemIn(long)).toMatchObject({ code: 'headers-too-large', status: 431, type: '/errors/headers-too-large' })
  const huge = connect(port, 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\nx')
  expect(await huge.closed).toMatch(/^HTTP\/1\.1 401 /)
})

/** The body of the last answer in the bytes of a connection. */
function problemIn(answer: string): Record<string, unknown> {
  expect(answer).toContain('\r\ncontent-type: application/problem+json')
  return JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n') + 4))
}

test('what Node would refuse without a word is a problem of the catalogue: no Host, an expectation that is not known', async () => {
  const { app, key } = await apiGateway(1_000)
  const port = await listen(app)
  const hostless = await connect(port, 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n').closed
  expect(hostless).toMatch(/^HTTP\/1\.1 400 /)
  expect(problemIn(hostless)).toMatchObject({ code: 'invalid-request', detail: expect.stringContaining('Host') })
  expect(await connect(port, 'GET /livez HTTP/1.0\r\n\r\n').closed).toContain('"live":true')
  const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${key}\r\n`
  const body = JSON.stringify(GOOD)
  const rest = `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const strange = await connect(port, `${head}expect: 200-maybe\r\n${rest}`).closed
  expect(strange).toMatch(/^HTTP\/1\.1 417 /)
  expect(problemIn(strange)).toMatchObject({ code: 'expectation-failed', status: 417 })
  const usual = await connect(port, `${head}Expect: 100-Continue\r\n${rest}`).closed
  expect(usual).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /)
})

test('a request whose headers do not arrive in time is answered 408 and closed', async () => {
  const { app } = await apiGateway(0)
  const port = await listen(app)
  const slow = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ')
  const drip = setInterval(() => slow.socket.write('x'), 200)
  onTestFinished(() => clearInterval(drip))
  const answer = await slow.closed
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  expect(answer).toContain('\r\nretry-after: 1\r\n')
  expect(problemIn(answer)).toMatchObject({ code: 'request-timeout', status: 408, retry: 'now' })
})

test('bytes that are nearly HTTP: each is answered or closed, and the door stays open', async () => {
  const { app, key } = await apiGateway(1_000)
  const port = await listen(app)
  const body = JSON.stringify(GOOD)
  const whole = Buffer.from(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  const seed = Date.now() % 1_000_000
  console.log(`seed ${seed}`)
  const change = fc.record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ maxLength: 3 }), remove: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      let bytes = whole
      for (const { at, bytes: put, remove } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + remove)])
      }
      const socket = createConnection({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.end(bytes)
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      await new Promise((resolve) => socket.once('close', resolve))
      if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 (100|[24]\d\d) /)
    }),
    { seed, numRuns: 400 },
  )
  const good = await connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n').closed
  expect(good).toContain('"live":true')
})
