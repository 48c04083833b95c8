import { expect, onTestFinished, test } from 'vitest'
import { createCustomer, topUp } from '../../src/accounts/accounts.ts'
import { outboxShard } from '../../src/domain/outbox-shard.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer, type RecordPosition } from '../../src/kafka/producer/producer.ts'
import { headerOf } from '../../src/kafka/wire/consumed-record.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'
import { outboxSettings } from '../../src/outbox/config.ts'
import { republish } from '../../src/outbox/reconcile/reconcile-statements.ts'
import { Relay } from '../../src/outbox/relay.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { acceptQueue } from '../servers/api-gateway.ts'
import { freshDatabase, testCluster, uniqueName } from '../servers/fixtures.ts'
import { readTopic } from '../servers/read-topic.ts'
import { acceptedIds, acceptRequest, DRAFT } from '../servers/sample-message.ts'

const SETTINGS = readSettings(outboxSettings, { OUTBOX_POLL_MS: '20', OUTBOX_GATHER_MS: '0' })

async function relayOn(pool: Pool, cluster: Cluster): Promise<Relay> {
  await createTopics(
    cluster,
    [TOPICS.accepted, TOPICS.delivery].map((name) => ({ name, partitions: 4, replicationFactor: 1 })),
  )
  const producer = new Producer(cluster)
  await producer.start([TOPICS.accepted, TOPICS.delivery])
  const relay = new Relay({
    settings: SETTINGS,
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
  return relay
}

async function accept(pool: Pool, customerId: string, messages: number): Promise<number[]> {
  const queue = acceptQueue(pool)
  const results = await Promise.all(
    Array.from({ length: messages }, () => queue.submit(acceptRequest(customerId, [DRAFT]))),
  )
  return results.flatMap((outcomes) => acceptedIds({ kind: 'rows', outcomes }))
}

async function customer(pool: Pool): Promise<string> {
  const customerId = uniqueName('c')
  await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
  await topUp(pool, customerId, 1_000_000)
  return customerId
}

const waiting = async (pool: Pool): Promise<number> =>
  (await pool.query<{ count: number }>('SELECT count(*) AS count FROM outbox')).rows[0]!.count

/** The events of a customer on a topic, in their order there. */
async function eventsOf(cluster: Cluster, topic: string, customerId: string): Promise<{ id: string; smsId: number }[]> {
  const records = (await readTopic(cluster, topic)).filter(({ key }) => key?.toString() === customerId)
  return records.map((record) => ({
    id: headerOf(record, 'ce_id')!,
    smsId: (JSON.parse(record.value!.toString()) as { sms_id: number }).sms_id,
  }))
}

test('every message reaches both topics once, in the order in which it was accepted, and its row is removed', async () => {
  const [pool, cluster] = [await freshDatabase(), testCluster()]
  const [a, b] = [await customer(pool), await customer(pool)]
  await relayOn(pool, cluster)
  await relayOn(pool, cluster)
  const accepted = await Promise.all([accept(pool, a, 500), accept(pool, b, 500)])
  expect(
    await eventually(
      'the outbox is empty',
      () => waiting(pool),
      (count) => count === 0,
    ),
  ).toBe(0)
  for (const [index, customerId] of [a, b].entries()) {
    for (const topic of [TOPICS.accepted, TOPICS.delivery]) {
      const events = await eventsOf(cluster, topic, customerId)
      expect(events.map(({ smsId }) => smsId)).toEqual([...accepted[index]!].sort((x, y) => x - y))
    }
  }
})

test('rows published and not removed, as by a relay that died, come again under the same ids', async () => {
  const [pool, cluster] = [await freshDatabase(), testCluster()]
  const customerId = await customer(pool)
  const [smsId] = await accept(pool, customerId, 1)
  const relay = await relayOn(pool, cluster)
  await eventually(
    'the outbox is empty',
    () => waiting(pool),
    (count) => count === 0,
  )
  await relay.stop()
  await pool.query('INSERT INTO outbox (shard, sms_id) VALUES ($1, $2)', [outboxShard(customerId), smsId])
  await relayOn(pool, cluster)
  await eventually(
    'the outbox is empty',
    () => waiting(pool),
    (count) => count === 0,
  )
  const events = await eventsOf(cluster, TOPICS.delivery, customerId)
  expect(events).toHaveLength(2)
  expect(events[0]).toEqual(events[1])
})

/** Acknowledges as the real one does, in order within a topic, until chance stops it; then all that wait fail. */
class FlakyProducer {
  /** What each topic has, in its order. */
  readonly logs = new Map<string, number[]>()
  failures = 0
  #waiting: {
    topic: string
    smsId: number
    resolve: (position: RecordPosition) => void
    reject: (e: Error) => void
  }[] = []
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  partitionsOf(): number {
    return 4
  }

  send(record: ProducerRecord): Promise<RecordPosition> {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush())
    const { sms_id: smsId } = JSON.parse(String(record.value)) as { sms_id: number }
    return new Promise((resolve, reject) => this.#waiting.push({ topic: record.topic, smsId, resolve, reject }))
  }

  #flush(): void {
    for (const [topic, sent] of Map.groupBy(this.#waiting.splice(0), (each) => each.topic)) {
      const fails = this.#random() < 0.3
      const taken = fails ? Math.floor(this.#random() * sent.length) : sent.length
      if (fails) this.failures++
      const log = this.logs.get(topic) ?? []
      this.logs.set(topic, log)
      for (const { smsId, resolve } of sent.slice(0, taken)) {
        log.push(smsId)
        resolve({ partition: 0, offset: log.length - 1 })
      }
      for (const { reject } of sent.slice(taken)) reject(new Error('not acknowledged'))
    }
  }
}

test('a backlog, with Kafka refusing now and then: every message arrives, and none before one accepted earlier', async () => {
  const pool = await freshDatabase()
  const customerId = await customer(pool)
  const accepted = (await accept(pool, customerId, 2_000)).sort((a, b) => a - b)
  const seed = Date.now()
  console.log({ seed })
  let state = seed
  const producer = new FlakyProducer(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  })
  const settings = { ...SETTINGS, OUTBOX_ROWS_PER_SHARD_MAX: 50 }
  const relay = new Relay({
    settings,
    pool,
    producer,
    health: new Health(),
    metrics: new Metrics(),
    log: createLog('test', 'fatal'),
  })
  onTestFinished(() => relay.stop())
  await relay.start()
  await eventually(
    'the outbox is empty',
    () => waiting(pool),
    (count) => count === 0,
  )
  expect(producer.failures).toBeGreaterThan(0)
  for (const topic of [TOPICS.accepted, TOPICS.delivery]) {
    expect([...new Set(producer.logs.get(topic))]).toEqual(accepted)
  }
})

test('a message that waits twice is published twice under one id, and both rows are removed', async () => {
  const [pool, cluster] = [await freshDatabase(), testCluster()]
  const customerId = await customer(pool)
  const [smsId] = await accept(pool, customerId, 1)
  await pool.query(republish([{ smsId: smsId!, shard: outboxShard(customerId) }]))
  await relayOn(pool, cluster)
  expect(
    await eventually(
      'the outbox is empty',
      () => waiting(pool),
      (count) => count === 0,
    ),
  ).toBe(0)
  const events = await eventsOf(cluster, TOPICS.delivery, customerId)
  expect(events.map(({ id }) => id)).toEqual([events[0]!.id, events[0]!.id])
})
