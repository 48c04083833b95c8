import { expect, test } from 'vitest'
import { acceptBatch } from '../../src/accept/accept-batch.ts'
import { createCustomer, topUp } from '../../src/accounts/accounts.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { acceptQueue, apiGateway } from '../servers/api-gateway.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import { acceptedIds, acceptRequest, DRAFT } from '../servers/sample-message.ts'

const POISON = { ...DRAFT, text: 'poison' }

/** PostgreSQL refuses messages with the text `poison`. */
async function poisonedDatabase(customers: readonly string[], balance: number): Promise<Pool> {
  const pool = await freshDatabase()
  await pool.query("ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
  for (const customerId of customers) {
    await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
    await topUp(pool, customerId, balance)
  }
  return pool
}

async function books(pool: Pool) {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM outbox) AS outbox,
       (SELECT sum(reserved)::bigint FROM balances) AS reserved, (SELECT sum(reserved)::bigint FROM ledger) AS ledger`,
  )
  return rows[0]
}

test('a message that PostgreSQL refuses fails alone, among requests of others and within its own', async () => {
  const customers = Array.from({ length: 20 }, (_, n) => `c${n}`)
  const pool = await poisonedDatabase(customers, 1_000)
  const failures: string[] = []
  const queue = acceptQueue(pool, { messageFailed: (customerId) => void failures.push(customerId) })
  const outcomes = await Promise.all(
    customers.map((customerId, n) => {
      const drafts = n === 7 ? [POISON] : n === 13 ? [DRAFT, DRAFT, POISON, DRAFT] : [DRAFT, DRAFT]
      return queue.submit({
        ...acceptRequest(customerId, drafts),
        claim: { key: 'k', requestHash: Buffer.from('h'), rememberedDays: 3 },
      })
    }),
  )
  const kinds = outcomes.map((each) => each.map(({ kind }) => kind))
  const good = ['accepted', 'accepted']
  const expected = customers.map(() => good)
  expected[7] = ['refused']
  expected[13] = ['accepted', 'accepted', 'refused', 'accepted']
  expect(kinds).toEqual(expected)
  expect(outcomes[7]![0]).toMatchObject({ problem: { code: 'internal' } })
  expect(failures.sort()).toEqual(['c13', 'c7'])
  expect(await books(pool)).toEqual({ messages: 39, outbox: 39, reserved: 39, ledger: 39 })
})

test('of a batch with such a message the rest is accepted, and answered again under its key', async () => {
  const { pool, app, key } = await apiGateway(10_000)
  await pool.query("ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
  const messages = ['a', 'b', 'poison', 'c', 'd'].map((text) => ({ to: '+989121234567', text }))
  const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'k' }
  const post = (payload: object, url = '/v1/messages/batch') => app.inject({ method: 'POST', url, headers, payload })
  const first = (await post({ messages })).json()
  expect(first).toMatchObject({ accepted: 4, rejected: 1 })
  expect(first.results[2]).toMatchObject({ status: 500, code: 'internal' })
  const again = await post({ messages })
  expect(again.json()).toEqual(first)
  expect(again.headers['idempotent-replayed']).toBe('true')
  const alone = await app.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: { authorization: headers.authorization },
    payload: messages[2]!,
  })
  expect(alone.json()).toMatchObject({ status: 500, code: 'internal' })
  expect((await books(pool)).messages).toBe(4)
})

test('a customer whose balance is locked for long delays no other customer, nor does one without money', async () => {
  const pool = await poisonedDatabase(['locked', 'broke', 'paying'], 1_000)
  await pool.query("UPDATE balances SET balance = 0 WHERE customer_id = 'broke'")
  const queue = acceptQueue(pool, { waitingMessagesMax: 4_000 })
  const holder = await pool.connect()
  try {
    await holder.query('BEGIN')
    await holder.query("SELECT 1 FROM balances WHERE customer_id = 'locked' FOR UPDATE")
    const stuck = queue.submit(acceptRequest('locked', [DRAFT]))
    await new Promise((resolve) => setImmediate(resolve))
    const batch = Array.from({ length: 1_000 }, () => DRAFT)
    const costly = [1, 2].map(() => queue.submit(acceptRequest('broke', batch)))
    const more = queue.submit(acceptRequest('locked', [DRAFT]))
    const paid = await Promise.all(Array.from({ length: 5 }, () => queue.submit(acceptRequest('paying', [DRAFT]))))
    expect(paid.flat().map(({ kind }) => kind)).toEqual(Array(5).fill('accepted'))
    for (const outcomes of await Promise.all(costly)) expect(new Set(outcomes.map(({ kind }) => kind)).size).toBe(1)
    await holder.query('COMMIT')
    expect((await Promise.all([stuck, more])).flat().map(({ kind }) => kind)).toEqual(['accepted', 'accepted'])
  } finally {
    holder.release()
  }
})

test('one customer fills half of the queue at most and gets 429 beyond; another still gets in', async () => {
  const pool = await poisonedDatabase(['greedy', 'late'], 100_000)
  const queue = acceptQueue(pool, { waitingMessagesMax: 1_000, transactionsMax: 1 })
  const batch = Array.from({ length: 100 }, () => DRAFT)
  const posts = Array.from({ length: 12 }, () => queue.submit(acceptRequest('greedy', batch)))
  const late = queue.submit(acceptRequest('late', batch))
  const ended = await Promise.allSettled(posts)
  const refused = ended.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(7)
  for (const each of refused) expect(each).toMatchObject({ reason: { code: 'too-many-requests' } })
  expect((await late).every(({ kind }) => kind === 'accepted')).toBe(true)
})

test('a deadlock is tried again, at most a few times', async () => {
  const pool = await poisonedDatabase(['a'], 1_000)
  await pool.query(`CREATE SEQUENCE tries`)
  await pool.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'planted' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$`)
  await pool.query('CREATE TRIGGER fail BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION fail()')
  const queue = acceptQueue(pool)
  expect((await queue.submit(acceptRequest('a', [DRAFT]))).map(({ kind }) => kind)).toEqual(['accepted'])
  await pool.query("SELECT setval('tries', 1, false)")
  await pool.query(`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'planted' USING ERRCODE = '40001'; END $$`)
  await expect(queue.submit(acceptRequest('a', [DRAFT]))).rejects.toMatchObject({ code: 'unavailable' })
  expect((await books(pool)).messages).toBe(1)
})

test('an answer that was stored before answers could be finished is read: of one message, and of a batch', async () => {
  const pool = await poisonedDatabase(['a'], 1_000)
  const requestHash = Buffer.from('h')
  const store = (key: string, response: object) =>
    pool.query(
      'INSERT INTO idempotency (customer_id, key, request_hash, status, response, created_at) VALUES ($1, $2, $3, 202, $4, now())',
      ['a', key, requestHash, JSON.stringify(response)],
    )
  await store('one', { sms_id: 5, status: 'accepted' })
  await store('batch', { accepted: 1, rejected: 1, results: [{ sms_id: 6 }, { code: 'insufficient-balance' }] })
  const requests = ['one', 'batch'].map((key) => ({
    ...acceptRequest('a', key === 'one' ? [DRAFT] : [DRAFT, DRAFT]),
    claim: { key, requestHash, rememberedDays: 3 },
  }))
  const [one, batch] = await acceptBatch(pool, { ids: new SmsIds(1), nowMs: Date.now, maxRetries: 3 }, requests)
  expect(one).toMatchObject({ outcomes: [{ kind: 'replayed', response: { sms_id: 5 } }] })
  expect(batch).toMatchObject({ outcomes: [{ kind: 'replayed', response: { sms_id: 6 } }, { kind: 'accepted' }] })
  expect(acceptedIds(batch)).toHaveLength(1)
})
