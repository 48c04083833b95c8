import type { FastifyInstance } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { createCustomer, issueKey, revokeKey, topUp } from '../../src/accounts/accounts.ts'
import { ApiService } from '../../src/api/api-service.ts'
import { apiSettings } from '../../src/api/config.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { fixedOperators, fixedRouter, simulatorFor } from '../servers/fixed-operators.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const GOOD = { to: '+989121234567', text: 'hello' }

function post(
  app: FastifyInstance,
  key: string,
  body: unknown,
  headers: Record<string, string> = {},
  url = '/v1/messages',
) {
  const all = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }
  return app.inject({
    method: 'POST',
    url,
    headers: all,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function stored(pool: Pool): Promise<{ messages: number; outbox: number; reserved: number; ledger: number }> {
  const { rows } = await pool.query<{ messages: number; outbox: number; reserved: number; ledger: number }>(
    `SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM outbox) AS outbox,
       (SELECT sum(reserved)::bigint FROM balances) AS reserved,
       (SELECT coalesce(sum(reserved), 0)::bigint FROM ledger) AS ledger`,
  )
  return rows[0]!
}

test('a message is accepted, charged, stored and queued, and can be read', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  const answer = await post(app, key, { ...GOOD, client_ref: 'mine' })
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({
    status: 'accepted',
    segments: 1,
    encoding: 'gsm7',
    cost: 100,
    client_ref: 'mine',
  })
  expect(await stored(pool)).toEqual({ messages: 1, outbox: 1, reserved: 100, ledger: 100 })
  const headers = { authorization: `Bearer ${key}` }
  const read = await app.inject({ url: `/v1/messages/${answer.json().sms_id}`, headers })
  expect(read.json()).toMatchObject({ status: 'accepted', to: GOOD.to, timeline: [{ status: 'accepted' }] })
  expect((await app.inject({ url: '/v1/balance', headers })).json()).toEqual({
    balance: 900,
    reserved: 100,
    currency: 'IRR',
  })
})

test.each([
  ['a malformed number', { to: '0912', text: 'x' }, 400, 'invalid-phone'],
  ['an empty text', { to: GOOD.to, text: '' }, 400, 'invalid-text'],
  ['an over-long text', { to: GOOD.to, text: 'س'.repeat(700) }, 400, 'invalid-text'],
  ['an unknown field', { ...GOOD, txet: 'x' }, 400, 'invalid-request'],
  ['a field of another type', { to: GOOD.to, text: 5 }, 400, 'invalid-request'],
  ['a missing field', { to: GOOD.to }, 400, 'invalid-request'],
  ['a number that no operator serves', { to: '+491701234567', text: 'x' }, 422, 'no-route'],
  ['a body that is not JSON', '{"to":', 400, 'invalid-request'],
])('%s is refused, and nothing is charged', async (_what, body, status, code) => {
  const { pool, app, key } = await apiGateway(1_000)
  const answer = await post(app, key, body)
  expect(answer.statusCode).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.json()).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) })
  expect(await stored(pool)).toEqual({ messages: 0, outbox: 0, reserved: 0, ledger: 0 })
})

test('a time to send that does not fit is refused, alone and in a batch, and nothing is charged', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  const past = new Date(Date.now() - 1_000).toISOString()
  const far = new Date(Date.now() + 31 * 86_400_000).toISOString()
  for (const send_at of [past, far, '2027-01-01T00:00:00', '2027-01-01', '2027-02-30T00:00:00Z', 'tomorrow']) {
    const alone = await post(app, key, { ...GOOD, send_at })
    expect(alone.statusCode, send_at).toBe(400)
    expect(alone.json()).toMatchObject({ code: 'invalid-time', errors: [{ pointer: '/send_at' }] })
    const batch = await post(app, key, { messages: [{ ...GOOD, send_at }] }, {}, '/v1/messages/batch')
    expect(batch.json().results[0]).toMatchObject({
      code: 'invalid-time',
      errors: [{ pointer: '/messages/0/send_at' }],
    })
  }
  const misshapen = [{ send_at: 1_800_000_000 }, ...[0, 7 * 86_400 + 1, 1.5, '60'].map((valid_for) => ({ valid_for }))]
  for (const fields of misshapen) {
    expect((await post(app, key, { ...GOOD, ...fields })).json()).toMatchObject({
      status: 400,
      code: 'invalid-request',
    })
  }
  expect(await stored(pool)).toEqual({ messages: 0, outbox: 0, reserved: 0, ledger: 0 })
})

test('a message for later is charged now, waits, says so, and is valid from its time on', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  const sendAt = new Date(Date.now() + 3_600_000)
  const answer = await post(app, key, { ...GOOD, send_at: sendAt.toISOString().replace('Z', '+00:00'), valid_for: 60 })
  expect(answer.json()).toMatchObject({ status: 'scheduled', send_at: sendAt.toISOString(), cost: 100 })
  // The row of the outbox shows that it was accepted.
  expect(await stored(pool)).toEqual({ messages: 1, outbox: 1, reserved: 100, ledger: 100 })
  const read = await app.inject({
    url: `/v1/messages/${answer.json().sms_id}`,
    headers: { authorization: `Bearer ${key}` },
  })
  expect(read.json()).toMatchObject({
    status: 'scheduled',
    send_at: sendAt.toISOString(),
    valid_until: new Date(sendAt.getTime() + 60_000).toISOString(),
    timeline: [{ status: 'scheduled' }],
  })
  const { rows } = await pool.query('SELECT sms_id, kind, due_at, released_at FROM scheduled')
  expect(rows).toEqual([{ sms_id: answer.json().sms_id, kind: 'message', due_at: sendAt, released_at: null }])
})

test('cancelling: before it is submitted, again the same answer; of others it is not found, too late it is a conflict', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  const cancel = (smsId: number | string, by = key) =>
    app.inject({ method: 'POST', url: `/v1/messages/${smsId}/cancel`, headers: { authorization: `Bearer ${by}` } })
  const later = new Date(Date.now() + 3_600_000).toISOString()
  for (const body of [GOOD, { ...GOOD, send_at: later }]) {
    const { sms_id } = (await post(app, key, body)).json()
    for (const _time of [1, 2]) {
      const answer = await cancel(sms_id)
      expect(answer.statusCode).toBe(200)
      expect(answer.json()).toEqual({ sms_id, status: 'cancelled' })
    }
    const headers = { authorization: `Bearer ${key}` }
    // Known at once, before its event comes round.
    expect((await app.inject({ url: `/v1/messages/${sms_id}`, headers })).json().status).toBe('cancelled')
  }
  await createCustomer(pool, { customerId: 'd', name: 'd', currency: 'IRR' })
  const { key: other } = await issueKey(pool, 'd')
  const { sms_id } = (await post(app, key, GOOD)).json()
  expect((await cancel(sms_id, other)).json()).toMatchObject({ status: 404, code: 'not-found' })
  expect((await cancel(77)).json()).toMatchObject({ status: 404, code: 'not-found' })
  expect((await cancel('x')).json()).toMatchObject({ status: 400, code: 'invalid-request' })
  await pool.query(
    `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until)
     VALUES ($1, 1, 'simulator', 'w', false, now(), now())`,
    [sms_id],
  )
  const late = await cancel(sms_id)
  expect(late.json()).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('being sent') })
})

test('a wrong key, no key, and a revoked one', async () => {
  const { pool, app, key, keyId } = await apiGateway(1_000)
  const other = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')
  for (const wrong of ['', 'nonsense', other]) expect((await post(app, wrong, GOOD)).json().code).toBe('unauthorized')
  await revokeKey(pool, keyId)
  expect((await post(app, key, GOOD)).statusCode).toBe(401)
})

test('too little balance: nothing of it is taken, in a batch only what it covers', async () => {
  const { pool, app, key } = await apiGateway(250)
  const long = { ...GOOD, text: 'a'.repeat(400) }
  expect((await post(app, key, long)).json().code).toBe('insufficient-balance')
  const batch = await post(
    app,
    key,
    { messages: [GOOD, long, { to: 'x', text: 'x' }, GOOD, GOOD] },
    {},
    '/v1/messages/batch',
  )
  const results = batch.json().results as { code?: string; sms_id?: number }[]
  expect(results.map(({ code }) => code ?? 'accepted')).toEqual([
    'accepted',
    'insufficient-balance',
    'invalid-phone',
    'accepted',
    'insufficient-balance',
  ])
  expect(await stored(pool)).toEqual({ messages: 2, outbox: 2, reserved: 200, ledger: 200 })
})

test('an idempotency key: the first answer again, another body refused, both at once charged once', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  const headers = { 'idempotency-key': 'order-1' }
  const first = await post(app, key, GOOD, headers)
  const again = await post(app, key, { text: GOOD.text, to: GOOD.to }, headers)
  expect(again.json()).toEqual(first.json())
  expect(again.headers['idempotent-replayed']).toBe('true')
  expect((await post(app, key, { ...GOOD, text: 'other' }, headers)).json().code).toBe('idempotency-mismatch')
  const both = await Promise.all([1, 2, 3].map(() => post(app, key, GOOD, { 'idempotency-key': 'order-2' })))
  const ids = both.filter(({ statusCode }) => statusCode === 202).map((answer) => answer.json().sms_id)
  expect(new Set(ids).size).toBe(1)
  expect(both.filter(({ statusCode }) => statusCode === 409).length).toBe(3 - ids.length)
  expect((await stored(pool)).messages).toBe(2)
})

test('thousands at once, with too little money for all: none is overdrawn, the books are even', async () => {
  const { pool, app, key } = await apiGateway(100_000)
  const answers = await Promise.all(
    Array.from({ length: 2_000 }, (_, n) => post(app, key, { ...GOOD, text: `message ${n}` })),
  )
  const statuses = answers.map(({ statusCode }) => statusCode)
  expect(statuses.filter((status) => status === 202)).toHaveLength(1_000)
  expect(statuses.filter((status) => status === 402)).toHaveLength(1_000)
  expect(new Set(answers.filter(({ statusCode }) => statusCode === 202).map((each) => each.json().sms_id)).size).toBe(
    1_000,
  )
  expect(await stored(pool)).toEqual({ messages: 1_000, outbox: 1_000, reserved: 100_000, ledger: 100_000 })
})

test('the timeline says why a message goes to its operator; a sender that may not be used costs nothing', async () => {
  const router = fixedRouter(`
operators:
  mci: {connector: smpp, smpp: {address: embedded, system_id: x}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold}
routes:
  - {mcc_mnc: 432-11, operator: mci, price: 30, senders: {allow: ["2000*"]}}
  - {customer: c, prefix: "49", operator: mci, price: 70}
`)
  const { pool, app, key } = await apiGateway(1_000, router)
  const sent = await post(app, key, { ...GOOD, from: '20001' })
  expect(sent.json()).toMatchObject({ operator: 'mci', cost: 30 })
  const read = await app.inject({
    url: `/v1/messages/${sent.json().sms_id}`,
    headers: { authorization: `Bearer ${key}` },
  })
  expect(read.json().timeline).toEqual([
    { status: 'accepted', at: sent.json().accepted_at, route: 'mci: 432-11 by prefix 9891' },
  ])
  const { rows } = await pool.query('SELECT mcc_mnc FROM messages')
  expect(rows).toEqual([{ mcc_mnc: '432-11' }])

  const refused = await post(app, key, { ...GOOD, from: 'Acme' })
  expect(refused.json()).toMatchObject({ status: 422, code: 'invalid-sender', errors: [{ pointer: '/from' }] })
  const messages = [
    { ...GOOD, from: 'Acme' },
    { to: '+491701234567', text: 'hello' },
    { to: '+33612345678', text: 'x' },
  ]
  const batch = await post(app, key, { messages }, {}, '/v1/messages/batch')
  expect(batch.json()).toMatchObject({
    results: [
      { code: 'invalid-sender', errors: [{ pointer: '/messages/0/from' }] },
      { cost: 70 },
      { code: 'no-route' },
    ],
  })
  expect((await stored(pool)).reserved).toBe(100)
})

test('unknown paths and messages of others are not found, and the description names every route', async () => {
  const { app, key } = await apiGateway(1_000)
  const headers = { authorization: `Bearer ${key}` }
  for (const url of ['/v1/messages/77', '/v1/nothing', '/nothing']) {
    expect((await app.inject({ url, headers })).json()).toMatchObject({ status: 404, code: 'not-found' })
  }
  const { paths } = (await app.inject({ url: '/openapi.json' })).json()
  expect(Object.keys(paths).sort()).toEqual([
    '/errors/{code}',
    '/livez',
    '/v1/balance',
    '/v1/messages',
    '/v1/messages/batch',
    '/v1/messages/quote',
    '/v1/messages/{sms_id}',
    '/v1/messages/{sms_id}/cancel',
  ])
})

test('a full outbox: requests are refused until it has drained', async () => {
  const log = createLog('test', 'fatal')
  const pool = await freshDatabase()
  const service = new ApiService({
    settings: readSettings(apiSettings, { PORT: '0', HOST: '127.0.0.1', OUTBOX_ROWS_MAX: '20' }),
    pool,
    operators: fixedOperators(simulatorFor('98', 1)),
    portability: { networksOf: async () => new Map(), stop: async () => {} },
    disk: { lowFolder: null },
    health: new Health(),
    metrics: new Metrics(),
    log,
    accepted: () => {},
  })
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
  await topUp(pool, 'c', 100_000)
  const { key } = await issueKey(pool, 'c')
  await service.start()
  onTestFinished(() => service.stop())
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const send = () => fetch(`${service.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(GOOD) })

  const refused = await eventually('a message is refused', send, ({ status }) => status !== 202)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('60')
  expect(await refused.json()).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('outbox is full') })
  const { outbox } = await stored(pool)
  expect(outbox).toBeGreaterThanOrEqual(20)
  await pool.query('DELETE FROM outbox')
  expect((await eventually('a message is accepted again', send, ({ status }) => status === 202)).status).toBe(202)
  expect((await stored(pool)).messages).toBe(outbox + 1)
})
