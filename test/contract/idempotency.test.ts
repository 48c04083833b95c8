import { afterEach, expect, test, vi } from 'vitest'
import type { AcceptQueueOptions } from '../../src/accept/accept-queue.ts'
import { readAnswers } from '../../src/accept/accept-statements.ts'
import { MessageRouter } from '../../src/accept/route-messages.ts'
import { topUp } from '../../src/accounts/accounts.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { fixedOperators, simulatorFor } from '../servers/fixed-operators.ts'

const HOUR_MS = 3_600_000
const TO = '+989121234567'

afterEach(() => {
  vi.useRealTimers()
})

interface RouterRules {
  readonly source: string
  readonly segmentsMax: number
  readonly sendAheadDaysMax: number
}

const RULES: RouterRules = { source: simulatorFor('98', 100), segmentsMax: 10, sendAheadDaysMax: 30 }
const REFUSING_SENDERS = `${RULES.source.trimEnd().slice(0, -1)}, senders: {allow: ["2000"]}}\n`

/** The API with the customer `c`, whose routes and settings can be changed, and a helper that posts. */
async function gateway(balance: number, options: Partial<AcceptQueueOptions> = {}) {
  const portability = { networksOf: async () => new Map(), stop: async () => {} }
  const routerBy = ({ source, ...rest }: RouterRules) =>
    new MessageRouter({ operators: fixedOperators(source), portability, nowMs: () => Date.now(), ...rest })
  let router = routerBy(RULES)
  const rulesFor: MessageRouter['rulesFor'] = (...asked) => router.rulesFor(...asked)
  const { pool, app, key } = await apiGateway(balance, { rulesFor }, { queue: options })
  const post = async (body: object, idempotencyKey: string | null = null) => {
    const answer = await app.inject({
      method: 'POST',
      url: 'messages' in body ? '/v1/messages/batch' : '/v1/messages',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      },
      payload: JSON.stringify(body),
    })
    return {
      status: answer.statusCode,
      body: answer.json(),
      isReplayed: answer.headers['idempotent-replayed'] === 'true',
    }
  }
  const change = (rules: Partial<RouterRules>): void => {
    router = routerBy({ ...RULES, ...rules })
  }
  const count = async (): Promise<number> => (await pool.query('SELECT count(*) AS n FROM messages')).rows[0].n
  return { pool, post, change, count }
}

type Gateway = Awaited<ReturnType<typeof gateway>>

/** Whatever may refuse a message that was fit before, and what it would be refused by today. */
const CHANGES: readonly (readonly [string, string, (gateway: Gateway) => unknown])[] = [
  ['its time to send has passed', 'invalid-time', () => vi.setSystemTime(Date.now() + 2 * HOUR_MS)],
  ['so far ahead is not taken any more', 'invalid-time', ({ change }) => change({ sendAheadDaysMax: 0 })],
  ['no route is left', 'no-route', ({ change }) => change({ source: simulatorFor('49', 1) })],
  ['its sender is not permitted any more', 'invalid-sender', ({ change }) => change({ source: REFUSING_SENDERS })],
  ['fewer segments are taken', 'invalid-text', ({ change }) => change({ segmentsMax: 1 })],
  ['the price went up', 'insufficient-balance', ({ change }) => change({ source: simulatorFor('98', 10 ** 9) })],
  ['the balance is gone', 'insufficient-balance', ({ pool }) => pool.query('UPDATE balances SET balance = 0')],
  ['the outbox is full', 'unavailable', () => setOutboxFull(true)],
]

let isOutboxFull = false
const setOutboxFull = (isFull: boolean): void => {
  isOutboxFull = isFull
}

test.each(CHANGES)(
  'what was accepted is answered again although %s; what is new is refused',
  async (_, code, happen) => {
    setOutboxFull(false)
    const api = await gateway(1_000_000, { isOutboxFull: () => isOutboxFull })
    vi.useFakeTimers({ toFake: ['Date'] })
    const sendAt = new Date(Date.now() + HOUR_MS).toISOString()
    const message = { to: TO, from: '3000', text: 'a'.repeat(200), send_at: sendAt }
    const keyed = [1, 2].map((n) => ({ ...message, idempotency_key: `row-${n}` }))
    const posts = [
      [message, 'single'],
      [{ messages: [message, message] }, 'batch'],
      [{ messages: keyed }, null],
    ] as const
    const first = []
    for (const [body, key] of posts) first.push(await api.post(body, key))
    expect(first.map(({ status, isReplayed }) => [status, isReplayed])).toEqual([1, 2, 3].map(() => [202, false]))
    await happen(api)

    for (const [index, [body, key]] of posts.entries()) {
      const again = await api.post(body, key)
      expect(again).toMatchObject({ status: 202, isReplayed: true, body: first[index]!.body })
    }
    // In another cut, and alone.
    const other = await api.post({ messages: [keyed[1]] })
    expect(other.body.results[0]).toEqual({ ...first[2]!.body.results[1], replayed: true })
    expect((await api.post(message, 'row-1')).body).toEqual(first[2]!.body.results[0])

    expect((await api.post({ ...message, text: 'other' }, 'single')).body.code).toBe('idempotency-mismatch')
    expect((await api.post({ messages: [message] }, 'batch')).body.code).toBe('idempotency-mismatch')
    const swapped = await api.post({ messages: [{ ...keyed[0], text: 'other' }] })
    expect(swapped.body.results?.[0].code ?? swapped.body.code).toMatch(/^(idempotency-mismatch|unavailable)$/)
    expect((await api.post(message, 'new')).body.code).toBe(code)
    expect((await api.post(message)).body.code).toBe(code)
    expect(await api.count()).toBe(5)
  },
)

test('a batch that was accepted in part is finished after a top-up, each message once', async () => {
  for (const byRow of [false, true]) {
    const { pool, post, count } = await gateway(300)
    const messages = Array.from({ length: 10 }, (_, n) => ({
      to: TO,
      text: `message ${n}`,
      ...(byRow ? { idempotency_key: `k-${n}` } : {}),
    }))
    const key = byRow ? null : 'campaign'
    const first = await post({ messages }, key)
    expect(first.body).toMatchObject({ accepted: 3, rejected: 7 })
    expect(first.body.results[3].code).toBe('insufficient-balance')
    const before = await post({ messages }, key)
    expect(before.body).toMatchObject({ accepted: 3, rejected: 7 })
    expect(await count()).toBe(3)

    await topUp(pool, 'c', 5_000)
    const second = await post({ messages }, key)
    expect(second.body).toMatchObject({ accepted: 10, rejected: 0 })
    expect(second.isReplayed).toBe(false)
    const ids = (answer: typeof first) => answer.body.results.map((each: { sms_id?: number }) => each.sms_id)
    expect(ids(second).slice(0, 3)).toEqual(ids(first).slice(0, 3))
    const third = await post({ messages }, key)
    expect(ids(third)).toEqual(ids(second))
    expect(third.isReplayed).toBe(true)
    const { rows } = await pool.query('SELECT balance, reserved FROM balances')
    expect(rows).toEqual([{ balance: 4_300, reserved: 1_000 }])
    expect(await count()).toBe(10)
  }
})

test('a message that was refused for its route is accepted under the same key when there is one', async () => {
  const { post, change, count } = await gateway(1_000)
  change({ source: simulatorFor('49', 1) })
  const message = { to: TO, text: 'x' }
  const body = { messages: [{ to: '+491701234567', text: 'x' }, message] }
  expect((await post(message, 'one')).body.code).toBe('no-route')
  expect((await post(body, 'two')).body.results[1].code).toBe('no-route')
  change({})
  expect((await post(message, 'one')).status).toBe(202)
  const again = await post(body, 'two')
  expect(again.body).toMatchObject({ accepted: 2, rejected: 0 })
  expect(await count()).toBe(3)
})

test('keys in flight are conflicts, whether of requests or of messages, and are charged once', async () => {
  const { post, count } = await gateway(10_000)
  const message = { to: TO, text: 'x' }
  const batch = { messages: [1, 2].map((n) => ({ ...message, idempotency_key: `k-${n}` })) }
  const answers = await Promise.all([post(batch), post(batch), post(message, 'k-1'), post(message, 'k-2'), post(batch)])
  for (const { status } of answers) expect([202, 409]).toContain(status)
  expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThan(0)
  expect(await count()).toBe(2)
})

test.each([
  ['two messages with one key', [{ idempotency_key: 'a' }, { idempotency_key: 'a' }], null, 1],
  ['a key of the request beside one of a message', [{}, { idempotency_key: 'a' }], 'b', 1],
])('%s is refused', async (_, messages, key, index) => {
  const { post, count } = await gateway(1_000)
  const answer = await post({ messages: messages.map((each) => ({ to: TO, text: 'x', ...each })) }, key)
  const errors = [{ pointer: `/messages/${index}/idempotency_key` }]
  expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency-mismatch', errors } })
  expect(await count()).toBe(0)
})

test.each([
  ['an empty key', ''],
  ['a key that cannot be stored', 'a\u0000'],
  ['a key that is too long', 'a'.repeat(256)],
])('%s refuses its message alone', async (_, key) => {
  const { post, count } = await gateway(1_000)
  const message = { to: TO, text: 'x' }
  const answer = await post({ messages: [{ ...message, idempotency_key: key }, message] })
  const errors = [{ pointer: '/messages/0/idempotency_key' }]
  expect(answer).toMatchObject({
    status: 202,
    body: { accepted: 1, results: [{ code: 'invalid-request', errors }, {}] },
  })
  expect(await count()).toBe(1)
})

test('a key is forgotten after three days, that of a message for later three days after its time', async () => {
  const { pool, post, count } = await gateway(1_000)
  const daysAgo = async (days: number): Promise<void> => {
    const day = new Date(Date.now() - days * 24 * HOUR_MS).toISOString().slice(0, 10)
    await pool.query(
      `CREATE TABLE idempotency_old PARTITION OF idempotency FOR VALUES FROM ('${day}') TO (date '${day}' + 2)`,
    )
    for (const table of ['idempotency', 'idempotency_scheduled']) {
      await pool.query(`UPDATE ${table} SET created_at = created_at - interval '${days} days'`)
    }
  }
  const plain = { to: TO, text: 'x' }
  const later = { ...plain, send_at: new Date(Date.now() + 20 * 24 * HOUR_MS).toISOString() }
  const first = await post(later, 'later')
  await post(plain, 'plain')
  await daysAgo(10)
  expect(await post(later, 'later')).toMatchObject({ status: 202, isReplayed: true, body: first.body })
  expect(await post(plain, 'plain')).toMatchObject({ status: 202, isReplayed: false })
  expect(await count()).toBe(3)
})

test('an answer is given again byte for byte, whatever has become of its messages', async () => {
  const { pool, post } = await gateway(250)
  const sendAt = new Date(Date.now() + HOUR_MS).toISOString().replace(/\.\d+Z$/, '.5+00:00')
  const some = [
    { to: TO, from: '3000', text: 'a'.repeat(200), client_ref: 'ref "é"', metadata: { a: 'b' } },
    { to: 'nobody', text: 'x' },
    { to: TO, text: 'سلام', client_ref: '0' },
  ]
  const posts = [
    [{ messages: some }, 'part'],
    [{ to: TO, text: 'x', send_at: sendAt }, 'later'],
    [{ to: TO, text: 'x' }, 'plain'],
  ] as const
  const first = []
  for (const [body, key] of posts) first.push(JSON.stringify((await post(body, key)).body))
  expect(JSON.parse(first[0]!)).toMatchObject({ accepted: 1, rejected: 2 })
  // The batch spent what there was, so the others ask for more.
  await topUp(pool, 'c', 1_000)
  for (const [index, [body, key]] of posts.entries())
    if (index > 0) first[index] = JSON.stringify((await post(body, key)).body)
  first[0] = JSON.stringify((await post(...posts[0])).body)
  expect(JSON.parse(first[0]!)).toMatchObject({ accepted: 2, rejected: 1 })
  const ids = (await pool.query<{ sms_id: number }>('SELECT sms_id FROM messages ORDER BY 1')).rows
  for (const [place, status] of ['sending', 'delivered', 'failed', 'cancelled'].entries()) {
    await pool.query(
      `INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, possible_duplicate, steps, revision,
         updated_at) VALUES ($1, 'c', $2, 1, 'captured', false, '', 1, now())`,
      [ids[place]!.sms_id, status],
    )
  }
  for (const [index, [body, key]] of posts.entries()) {
    const again = await post(body, key)
    expect(again.status).toBe(202)
    expect(JSON.stringify(again.body)).toBe(first[index])
  }
})

test('keys are looked up by their digests, in every partition and table, whatever the planner believes', async () => {
  const { pool, post } = await gateway(1_000)
  await post({ to: TO, text: 'x' }, 'k')
  const claim = { key: 'k', requestHash: Buffer.alloc(16), rememberedDays: 33 }
  const { name: _, ...lookup } = readAnswers([{ customerId: 'c', claim }])
  for (const isAnalyzed of [false, true]) {
    if (isAnalyzed) await fillKeys(pool)
    const plan = await pool.query<{ 'QUERY PLAN': string }>({ ...lookup, text: `EXPLAIN ${lookup.text}` })
    const steps = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(steps).toMatch(/(Index Scan using|Bitmap Index Scan on) idempotency_\d+_hashtextextended/)
    expect(steps).toMatch(/(Index Scan using|Bitmap Index Scan on) idempotency_scheduled_digest/)
    expect(steps).not.toMatch(/Seq Scan on idempotency/)
  }
})

/** Many keys of a customer, which the planner knows of. */
async function fillKeys(pool: Gateway['pool']): Promise<void> {
  for (const table of ['idempotency', 'idempotency_scheduled']) {
    await pool.query(
      `INSERT INTO ${table} (customer_id, key, request_hash, sms_id, created_at)
       SELECT 'c', 'k-' || n, '', n, now() FROM generate_series(1, 20000) AS n`,
    )
  }
  // As autovacuum does: a partition that has no rows yet is not looked at.
  const { rows } = await pool.query<{ name: string }>(
    'SELECT DISTINCT tableoid::regclass::text AS name FROM idempotency',
  )
  for (const { name } of [...rows, { name: 'idempotency_scheduled' }]) await pool.query(`ANALYZE ${name}`)
}
