import { expect, onTestFinished, test } from 'vitest'
import { createCustomer, topUp } from '../../src/accounts/accounts.ts'
import { changeByIds, changeMatching } from '../../src/dead-letters/change-dead-letters.ts'
import type { DeadLetterChoice } from '../../src/dead-letters/claim-dead-letters.ts'
import { parseDeadLetterId } from '../../src/dead-letters/dead-letter-id.ts'
import { discardDeadLetters } from '../../src/dead-letters/discard-dead-letters.ts'
import { editDeadLetter } from '../../src/dead-letters/edit-dead-letter.ts'
import { redriveDeadLetters } from '../../src/dead-letters/redrive-dead-letters.ts'
import { showDeadLetter } from '../../src/dead-letters/show-dead-letter.ts'
import type { DeliveryTask } from '../../src/events/delivery.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { headerOf } from '../../src/kafka/wire/consumed-record.ts'
import { outboxSettings } from '../../src/outbox/config.ts'
import { Relay } from '../../src/outbox/relay.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { applyEvents } from '../../src/status/apply-events.ts'
import { eventually } from '../gateway/eventually.ts'
import { fillFailedMessages } from '../gateway/fill/fill-dead-letters.ts'
import { freshDatabase, testCluster, uniqueName } from '../servers/fixtures.ts'
import { readTopic } from '../servers/read-topic.ts'

const COST = 7
const OPEN = { state: 'open' } as const

/** Failed messages of a customer with that balance, each with its dead letter. */
async function failedMessages(
  count: number,
  balance: number,
): Promise<{ pool: Pool; customerId: string; first: number }> {
  const pool = await freshDatabase()
  const customerId = uniqueName('c')
  await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
  await topUp(pool, customerId, balance)
  const first = await fillFailedMessages(pool, { customerId, count, acceptedAtMs: Date.now() - 60_000, cost: COST })
  return { pool, customerId, first }
}

const redriveBy =
  (pool: Pool, by: string, redrivesMax = 3) =>
  (choice: DeadLetterChoice) =>
    redriveDeadLetters(pool, choice, { by, redrivesMax })

const places = (...ids: string[]) => ids.map((id) => parseDeadLetterId(id))

async function relayAll(pool: Pool, cluster: Cluster): Promise<void> {
  const topics = [TOPICS.accepted, TOPICS.delivery, TOPICS.deadLetters]
  await createTopics(
    cluster,
    topics.map((name) => ({ name, partitions: 4, replicationFactor: 1 })),
  )
  const producer = new Producer(cluster)
  await producer.start(topics)
  const settings = readSettings(outboxSettings, { OUTBOX_POLL_MS: '20', OUTBOX_GATHER_MS: '0' })
  const relay = new Relay({
    settings,
    pool,
    producer,
    health: new Health(),
    metrics: new Metrics(),
    log: createLog('test', 'error'),
  })
  onTestFinished(async () => {
    await relay.stop()
    await producer.close()
  })
  await relay.start()
  const waiting = async () => (await pool.query<{ n: number }>('SELECT count(*) AS n FROM outbox')).rows[0]!.n
  expect(await eventually('the outbox is empty', waiting, (count) => count === 0)).toBe(0)
}

async function books(pool: Pool, customerId: string) {
  const { rows } = await pool.query(
    `SELECT balance, reserved, (SELECT sum(balance)::bigint FROM ledger WHERE customer_id = $1) AS entries,
       (SELECT sum(reserved)::bigint FROM ledger WHERE customer_id = $1) AS reserving
     FROM balances WHERE customer_id = $1`,
    [customerId],
  )
  return rows[0]
}

test('10,000 redriven by three at once: each once, paid for, and with an audit trail', async () => {
  const letters = 10_000
  const { pool, customerId, first } = await failedMessages(letters, letters * COST)
  const people = ['alice', 'bob', 'carol']
  const results = await Promise.all(people.map((by) => changeMatching(OPEN, letters, redriveBy(pool, by))))
  expect(results.reduce((sum, { done }) => sum + done, 0)).toBe(letters)
  expect(results.reduce((sum, { refused }) => sum + refused, 0)).toBe(0)

  const cluster = testCluster()
  await relayAll(pool, cluster)
  const tasks = (await readTopic(cluster, TOPICS.delivery)).filter(({ key }) => key?.toString() === customerId)
  const smsIds = tasks.map(({ value }) => (JSON.parse(value!.toString()) as { sms_id: number }).sms_id)
  expect(smsIds).toHaveLength(letters)
  expect(new Set(smsIds).size).toBe(letters)
  expect(Math.min(...smsIds)).toBe(first)
  const [task] = tasks
  const redriven = JSON.parse(task!.value!.toString()) as DeliveryTask
  expect(redriven).toMatchObject({ retry_count: 4, task_id: headerOf(task!, 'ce_id') })
  // It is to be sent from now on, whenever it was accepted: a dead letter may be older than a message may wait.
  expect(Date.parse(redriven.created_at)).toBeGreaterThan(Date.parse(redriven.accepted_at!))
  expect(headerOf(task!, 'dlq-redrive-count')).toBe('1')

  const spent = letters * COST
  expect(await books(pool, customerId)).toEqual({ balance: 0, reserved: spent, entries: 0, reserving: spent })
  const { rows: states } = await pool.query(
    'SELECT status, attempts_before, count(*) AS n FROM message_states GROUP BY status, attempts_before',
  )
  expect(states).toEqual([{ status: 'queued', attempts_before: 4, n: letters }])

  const trail = (await readTopic(cluster, TOPICS.deadLetters)).filter(({ key }) => people.includes(String(key)))
  const reported = trail.flatMap(({ value }) => (JSON.parse(value!.toString()) as { letters: string[] }).letters)
  expect(new Set(reported).size).toBe(letters)
  expect(reported).toHaveLength(letters)
  expect(trail.every((record) => headerOf(record, 'smsgw-by') === record.key!.toString())).toBe(true)
})

test('two redrives of the same ids at once send nothing twice, and the second is refused with a reason', async () => {
  const { pool } = await failedMessages(20, 1_000)
  const ids = places(...Array.from({ length: 20 }, (_, n) => `${n % 10}-${Math.floor(n / 10)}`))
  const results = await Promise.all(['alice', 'bob'].map((by) => changeByIds(ids, redriveBy(pool, by))))
  expect(results[0]!.done + results[1]!.done).toBe(20)
  expect(results[0]!.refused + results[1]!.refused).toBe(20)
  const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM outbox WHERE payload LIKE $1', [
    '%dlq-redrive-count%',
  ])
  expect(rows[0]!.n).toBe(20)
  const late = await changeByIds(ids.slice(0, 1), redriveBy(pool, 'carol'))
  expect(late.refusals[0]!.why).toMatch(/was redriven by (alice|bob); `smsgw dlq show 0-0`/)
})

test('what the balance does not cover stays as it is, and is sent when it does', async () => {
  const { pool, customerId } = await failedMessages(3, 2 * COST)
  const result = await changeMatching(OPEN, 10, redriveBy(pool, 'alice'))
  expect(result).toMatchObject({ done: 2, refused: 1 })
  expect(result.refusals[0]!.why).toMatch(/costs 7, and .* has 0: `smsgw customers top-up/)
  await topUp(pool, customerId, COST)
  expect(await changeMatching(OPEN, 10, redriveBy(pool, 'alice'))).toMatchObject({ done: 1, refused: 0 })
  expect(await books(pool, customerId)).toMatchObject({ balance: 0, reserved: 3 * COST })
})

test('a message opened again: its old failure says nothing any more, and its new end settles the new money', async () => {
  const { pool, customerId, first } = await failedMessages(1, 100)
  const event = (status: 'failed' | 'sent', attempt: number) => ({
    event_id: '0'.repeat(26),
    sms_id: first,
    customer_id: customerId,
    status,
    operator_message_id: null,
    error_code: null,
    error_message: null,
    delivered_at: null,
    latency_ms: 0,
    occurred_at: new Date().toISOString(),
    operator: 'simulator',
    attempt,
    segments: 1,
    possible_duplicate: false,
  })
  await changeMatching(OPEN, 1, redriveBy(pool, 'alice'))
  await applyEvents(pool, [event('failed', 4)])
  expect(await books(pool, customerId)).toEqual({ balance: 93, reserved: 7, entries: 93, reserving: 7 })
  await applyEvents(pool, [event('sent', 5)])
  expect(await books(pool, customerId)).toEqual({ balance: 93, reserved: 0, entries: 93, reserving: 0 })
  const { rows } = await pool.query('SELECT kind, attempts_before FROM ledger WHERE ref = $1 ORDER BY 2, 1', [first])
  expect(rows.map(({ kind, attempts_before }) => `${kind} ${attempts_before}`)).toEqual([
    'release 0',
    'reserve 0',
    'capture 4',
    'reserve 4',
  ])
})

test('bad input is refused, and the next command is named', async () => {
  const { pool } = await failedMessages(4, 1_000)
  const redrive = async (id: string, redrivesMax = 3) =>
    (await changeByIds(places(id), redriveBy(pool, 'alice', redrivesMax))).refusals[0]?.why
  const edit = (id: string, value: object) =>
    editDeadLetter(pool, parseDeadLetterId(id), {
      by: 'alice',
      revision: null,
      change: (letter) => JSON.stringify({ ...JSON.parse(letter.value!.toString()), ...value }),
    })
  expect(await redrive('8-999')).toMatch(/no dead letter "8-999"\. `smsgw dlq list/)
  await pool.query('UPDATE dead_letters SET redrives = 3 WHERE dlq_partition = 0')
  expect(await redrive('0-0')).toMatch(/was redriven 3 times.*smsgw dlq discard 0-0/)
  await discardDeadLetters(pool, { kind: 'places', places: places('1-0') }, { by: 'bob', note: 'a test' })
  expect(await redrive('1-0')).toMatch(/was discarded by bob; `smsgw dlq show 1-0`/)
  await expect(edit('1-0', {})).rejects.toThrow(/was discarded by bob/)

  await expect(edit('2-0', { phone: 'nobody' })).rejects.toThrow(/2-0 was not changed[\s\S]*\/phone must match/)
  await expect(edit('2-0', { sms_id: 5 })).rejects.toThrow(/\/sms_id must stay [0-9]+/)
  await expect(edit('2-0', { message: 'x'.repeat(161) })).rejects.toThrow(/\/message takes 2 segments, and 1 are paid/)
  await expect(edit('2-0', { also: 'x'.repeat(131_072) })).rejects.toThrow(/has more than 131072 bytes/)
  await expect(edit('9-999', {})).rejects.toThrow(/no dead letter "9-999"/)
  await edit('2-0', { operator: 'other' })
  const shown = await showDeadLetter(pool, parseDeadLetterId('2-0'))
  expect(shown).toMatchObject({ value: { operator: 'simulator' }, edited_value: { operator: 'other' }, revision: 1 })
  expect(shown.actions).toMatchObject([{ action: 'edited', by: 'alice' }])
  await expect(
    editDeadLetter(pool, parseDeadLetterId('2-0'), { by: 'bob', revision: 0, change: () => '{}' }),
  ).rejects.toThrow(/was changed since revision 0/)
  expect(await redrive('2-0')).toBeUndefined()
})
