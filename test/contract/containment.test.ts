import { expect, onTestFinished, test } from 'vitest'
import { keepDeadLetters } from '../../src/dead-letters/store-dead-letters.ts'
import { outboxShard } from '../../src/domain/outbox-shard.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { KafkaCode, KafkaError } from '../../src/kafka/errors.ts'
import { DeadLetterBrake } from '../../src/kafka/middleware/dead-letter-brake.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'
import { outboxSettings } from '../../src/outbox/config.ts'
import { Relay } from '../../src/outbox/relay.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { applyReads, type ReadStatus, readStatus } from '../../src/status/apply-reads.ts'
import { eventually } from '../gateway/eventually.ts'
import { consumedRecord } from '../servers/consumed-record.ts'
import { freshDatabase, testCluster, uniqueName } from '../servers/fixtures.ts'

const ids = new SmsIds(6)
const HUGE = '9223372036854775807'

/** Messages of one customer that wait in the outbox, in one shard. */
async function waitingMessages(pool: Pool, count: number): Promise<{ customerId: string; smsIds: number[] }> {
  const customerId = uniqueName('c')
  const smsIds = Array.from({ length: count }, () => ids.next(Date.now()))
  await pool.query("INSERT INTO customers (customer_id, name, currency) VALUES ($1, $1, 'IRR')", [customerId])
  await pool.query(
    'INSERT INTO balances (customer_id, balance, reserved) VALUES ($1, 1000, 1000) ON CONFLICT DO NOTHING',
    [customerId],
  )
  await pool.query(
    `INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
       accepted_at) SELECT id, $2, '+989121234567', 'x', 'gsm7', 1, 'o', 1, 1, 3, now() FROM unnest($1::bigint[]) AS id`,
    [smsIds, customerId],
  )
  await pool.query('INSERT INTO outbox (shard, sms_id) SELECT $2, id FROM unnest($1::bigint[]) AS id', [
    smsIds,
    outboxShard(customerId),
  ])
  return { customerId, smsIds }
}

function relayTo(pool: Pool, producer: Pick<Producer, 'send' | 'partitionsOf'>) {
  const health = new Health()
  const settings = readSettings(outboxSettings, { OUTBOX_POLL_MS: '20', OUTBOX_GATHER_MS: '0' })
  const relay = new Relay({
    settings,
    pool,
    producer,
    health,
    metrics: new Metrics(),
    log: createLog('test', 'silent'),
  })
  onTestFinished(() => relay.stop())
  return { relay, health }
}

const refused = async (pool: Pool) =>
  (await pool.query<{ sms_id: number; cause: string }>('SELECT sms_id, cause FROM outbox_refused ORDER BY cause')).rows

const waiting = async (pool: Pool): Promise<number> =>
  (await pool.query<{ rows: number }>('SELECT count(*) AS rows FROM outbox')).rows[0]!.rows

test('rows of the outbox that can never be published are moved with a reason, and their shard goes on', async () => {
  const pool = await freshDatabase()
  const { customerId, smsIds } = await waitingMessages(pool, 40)
  const [unfit, huge, ...good] = smsIds
  await pool.query("UPDATE messages SET phone = 'no-phone' WHERE sms_id = $1", [unfit])
  const shard = outboxShard(customerId)
  await pool.query("INSERT INTO outbox (shard, sms_id, payload) VALUES ($1, 1, 'not JSON'), ($1, 2, NULL)", [shard])
  const sent: string[] = []
  const { relay, health } = relayTo(pool, {
    partitionsOf: () => 4,
    async send({ topic, value }: ProducerRecord) {
      const { sms_id } = JSON.parse(String(value)) as { sms_id: number }
      if (sms_id === huge) throw new KafkaError(KafkaCode.MESSAGE_TOO_LARGE, `writing to ${topic}[0]`, true)
      sent.push(`${topic} ${sms_id}`)
      return { partition: 0, offset: 0 }
    },
  })
  await relay.start()
  await eventually(
    'the outbox is empty',
    () => waiting(pool),
    (rows) => rows === 0,
  )
  expect(await waiting(pool)).toBe(0)
  const tasks = sent.filter((each) => each.startsWith(TOPICS.delivery))
  expect(tasks).toEqual(good.map((smsId) => `${TOPICS.delivery} ${smsId}`))
  expect((await refused(pool)).map(({ sms_id, cause }) => [sms_id, cause])).toEqual([
    [2, 'its message is not stored any more'],
    [1, 'outbox.payload: the value is not JSON'],
    [unfit, expect.stringContaining('sms.accepted: /phone')],
    [huge, expect.stringContaining('MESSAGE_TOO_LARGE')],
  ])
  expect((await health.report()).ready).toBe(true)
})

test('a relay that can publish nothing moves next to nothing: its rows stay, in order', async () => {
  const pool = await freshDatabase()
  const { smsIds } = await waitingMessages(pool, 60)
  let isBroken = true
  const sent: number[] = []
  const { relay } = relayTo(pool, {
    partitionsOf: () => 4,
    async send({ topic, value }: ProducerRecord) {
      if (isBroken) throw new KafkaError(KafkaCode.INVALID_RECORD, `writing to ${topic}[0]`, true)
      if (topic === TOPICS.delivery) sent.push((JSON.parse(String(value)) as { sms_id: number }).sms_id)
      return { partition: 0, offset: 0 }
    },
  })
  await relay.start()
  await eventually(
    'a row is refused',
    () => refused(pool),
    (rows) => rows.length > 0,
  )
  isBroken = false
  await eventually(
    'the outbox is empty',
    () => waiting(pool),
    (rows) => rows === 0,
  )
  expect(await refused(pool)).toHaveLength(1)
  expect(sent).toEqual(smsIds.slice(1))
})

test('a record that its broker refuses fails alone, and a batch with an unknown culprit is divided', async () => {
  const cluster = testCluster()
  const topic = uniqueName('small')
  await createTopics(cluster, [
    { name: topic, partitions: 1, replicationFactor: 1, configs: { 'max.message.bytes': '2000' } },
  ])
  const producer = new Producer(cluster)
  await producer.start([topic])
  onTestFinished(() => producer.close())
  const incompressible = Array.from({ length: 3_000 }, () => Math.random().toString(36).at(-1)).join('')
  const values = Array.from({ length: 120 }, (_, n) =>
    n === 50 ? incompressible : `${n} ${incompressible.slice(n, n + 90)}`,
  )
  let left = [...values.keys()]
  const faulty: number[] = []
  for (let round = 0; left.length > 0 && round < 40; round++) {
    const results = await Promise.allSettled(left.map((n) => producer.send({ topic, key: null, value: values[n]! })))
    const failed = left.filter((_, index) => results[index]!.status === 'rejected')
    for (const [index, result] of results.entries()) {
      if (result.status !== 'rejected') continue
      expect(result.reason).toBeInstanceOf(KafkaError)
      if ((result.reason as KafkaError).isRecordFault) faulty.push(left[index]!)
    }
    left = failed.filter((n) => !faulty.includes(n))
  }
  expect(left).toEqual([])
  expect(faulty).toEqual([50])
})

/** A `sent` of each message, as the updater reads it. */
function reads(customerId: string, smsIds: readonly number[]): ReadStatus[] {
  return smsIds.map((smsId, offset) =>
    readStatus(
      consumedRecord({
        topic: TOPICS.status,
        offset,
        key: String(smsId),
        value: JSON.stringify({
          event_id: '01HN3QXYZ0000000000000000C',
          sms_id: smsId,
          customer_id: customerId,
          status: 'rejected',
          operator_message_id: null,
          error_code: 'x',
          latency_ms: 1,
          occurred_at: new Date().toISOString(),
          operator: 'o',
          attempt: 1,
          segments: 1,
        }),
      }),
    ),
  )
}

const states = async (pool: Pool): Promise<number[]> =>
  (await pool.query<{ sms_id: number }>('SELECT sms_id FROM message_states ORDER BY sms_id')).rows.map(
    ({ sms_id }) => sms_id,
  )

test('a batch of statuses with one that PostgreSQL refuses: it is a dead letter, the others are applied', async () => {
  const pool = await freshDatabase()
  const { customerId, smsIds } = await waitingMessages(pool, 33)
  // To give that back overflows the balance.
  await pool.query(`UPDATE messages SET cost = ${HUGE} WHERE sms_id = $1`, [smsIds[20]])
  const batch = reads(customerId, [...smsIds, 77])
  await applyReads(batch, { pool, brake: new DeadLetterBrake() })
  expect(batch.flatMap(({ state }, index) => (state.kind === 'refused' ? [index] : []))).toEqual([20, 33])
  expect(batch[33]!.state).toMatchObject({ error: 'there is no such message' })
  expect(await states(pool)).toEqual(smsIds.filter((_, index) => index !== 20))
})

test('a slip of the updater that one message brings about passes that one on; one that all do leaves all waiting', async () => {
  const pool = await freshDatabase()
  const { customerId, smsIds } = await waitingMessages(pool, 16)
  const failing = new Set([String(smsIds[5])])
  const connect = pool.connect.bind(pool)
  pool.connect = (async () => {
    const connection = await connect()
    const query = connection.query.bind(connection)
    connection.query = ((statement: { values?: unknown[] }) => {
      const text = JSON.stringify(statement.values ?? [])
      if ([...failing].some((id) => text.includes(id))) return Promise.reject(new TypeError('undefined is no function'))
      return query(statement as never)
    }) as typeof connection.query
    const release = connection.release.bind(connection)
    connection.release = (broken) => {
      connection.query = query as typeof connection.query
      connection.release = release
      release(broken)
    }
    return connection
  }) as typeof pool.connect
  const one = reads(customerId, smsIds)
  const brake = new DeadLetterBrake()
  await applyReads(one, { pool, brake })
  expect(one.map(({ state }) => state.kind).filter((kind) => kind === 'applied')).toHaveLength(15)
  expect(one[5]!.state.kind).toBe('refused')
  expect(brake.braked).toBeNull()
  for (const smsId of smsIds) failing.add(String(smsId))
  const all = reads(customerId, smsIds)
  const fresh = new DeadLetterBrake()
  await applyReads(all, { pool, brake: fresh })
  expect(all.filter(({ state }) => state.kind === 'refused')).toHaveLength(1)
  expect(all.filter(({ state }) => state.kind === 'waiting')).toHaveLength(15)
  expect(fresh.braked).not.toBeNull()
})

test('a missing table causes no dead letter', async () => {
  const pool = await freshDatabase()
  const { customerId, smsIds } = await waitingMessages(pool, 4)
  await pool.query('ALTER TABLE message_states RENAME TO moved')
  const batch = reads(customerId, smsIds)
  await expect(applyReads(batch, { pool, brake: new DeadLetterBrake() })).rejects.toThrow('message_states')
  expect(batch.every(({ state }) => state.kind === 'waiting')).toBe(true)
})

test('dead letters that PostgreSQL refuses are kept reduced, with why, and their neighbours as they are', async () => {
  const pool = await freshDatabase()
  const letter = {
    original_topic: 'sms.delivery',
    original_partition: 1,
    original_offset: 2,
    error: 'no',
    message: 'x',
    message_encoding: 'utf8',
    failed_at: new Date().toISOString(),
    reason: 'handler',
    attempts: 1,
    consumer_group: 'g',
  }
  const values = Array.from({ length: 20 }, () => letter)
  values[4] = { ...letter, original_offset: 1e300 }
  values[11] = { ...letter, original_partition: 3e9 }
  const records = values.map((value, offset) =>
    consumedRecord({ topic: 'sms.dlq', offset, value: JSON.stringify(value) }),
  )
  const reduced: number[] = []
  await keepDeadLetters(pool, records, ({ offset }) => reduced.push(offset))
  expect(reduced).toEqual([4, 11])
  const { rows } = await pool.query<{ dlq_offset: number; reason: string; error: string }>(
    'SELECT dlq_offset, reason, error FROM dead_letters ORDER BY dlq_offset',
  )
  expect(rows.map(({ dlq_offset }) => dlq_offset)).toEqual([...values.keys()])
  expect(rows.filter(({ reason }) => reason === 'schema').map(({ error }) => error)).toEqual([
    expect.stringContaining('bigint'),
    expect.stringContaining('integer'),
  ])
})
