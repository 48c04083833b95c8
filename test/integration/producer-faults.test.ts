import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { Producer, type RecordPosition } from '../../src/kafka/producer/producer.ts'
import { producerOptions } from '../../src/kafka/producer/producer-options.ts'
import { PRODUCE_API_KEY } from '../../src/kafka/wire/produce-v9.ts'
import { eventually } from '../gateway/eventually.ts'
import { silent } from '../gateway/silent-progress.ts'
import { uniqueName } from '../servers/fixtures.ts'
import { readTopic } from '../servers/read-topic.ts'
import { UnreliableCluster } from '../servers/unreliable-cluster.ts'

const ROUNDS = Number(process.env.PRODUCER_FAULT_ROUNDS ?? 10)
const RECORDS = 1_000
const KEYS = 20

const { path: folder, remove } = temporaryFolder('smsgw-producer')
let kafka: KafkaCluster
let cluster: UnreliableCluster

beforeAll(async () => {
  const cacheFolder = join(import.meta.dirname, '../../.smsgw/cache')
  kafka = await KafkaCluster.start({ folder, cacheFolder, brokers: 3, progress: silent, withoutLogin: true })
  cluster = new UnreliableCluster({ brokers: kafka.brokers.split(','), clientId: 'test' })
})

afterAll(async () => {
  await cluster?.close()
  await kafka?.stop()
  await remove()
})

test(`1,000 concurrent sends to one partition, ${ROUNDS} times, its leader going down and coming back meanwhile`, async () => {
  const topic = await replicatedTopic(1)
  // Small batches, so that a fault finds a round half sent; a killed leader is replaced only after nine seconds.
  const options = producerOptions('safe', { batchBytesMax: 4_096, deliveryTimeoutMs: 60_000 })
  const producer = new Producer(cluster, options)
  await producer.start([topic])
  const positions: RecordPosition[] = []
  let down = 0
  for (let round = 0; round < ROUNDS; round++) {
    const sends = Array.from({ length: RECORDS }, (_, n) =>
      producer.send({ topic, key: `key-${n % KEYS}`, value: `${round * RECORDS + n} ${'x'.repeat(n % 200)}` }),
    )
    await Promise.race(sends)
    if (down === 0) {
      down = cluster.leaderOf(topic, 0)!
      await takeDown(down, round % 8 === 0 ? 'SIGKILL' : 'SIGTERM')
    } else {
      await kafka.startNode(down)
      await untilInSync(topic)
      down = 0
    }
    const reported = await Promise.all(sends)
    expect(new Set(reported.map(({ offset }) => offset)).size).toBe(RECORDS)
    positions.push(...reported)
  }
  await producer.close()
  if (down > 0) await kafka.startNode(down)
  await untilInSync(topic)

  const records = await readTopic(cluster, topic)
  expect(records).toHaveLength(ROUNDS * RECORDS)
  const numbers = records.map(({ value }) => Number.parseInt(value!.toString(), 10))
  for (const [n, { offset }] of positions.entries()) expect(numbers[offset]).toBe(n)
  for (let key = 0; key < KEYS; key++) {
    const ofKey = numbers.filter((n) => (n % RECORDS) % KEYS === key)
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b))
  }
})

test('partitions of one broker whose leaders part while their batches wait: each is sent to its new leader, in order', async () => {
  const topic = await replicatedTopic(30)
  let retries = 0
  const producer = new Producer(cluster, producerOptions('safe', { deliveryTimeoutMs: 60_000 }), {
    retried: () => void retries++,
  })
  await producer.start([topic])
  const sends: Promise<RecordPosition>[] = []
  const sendToEach = (value: string): void => {
    for (let partition = 0; partition < 30; partition++)
      sends.push(producer.send({ topic, partition, key: 'k', value }))
  }
  sendToEach('before')
  await Promise.all(sends)

  const ofOne = Array.from({ length: 30 }, (_, each) => each).filter((each) => cluster.leaderOf(topic, each) === 1)
  cluster.fateOf = (apiKey) => (apiKey === PRODUCE_API_KEY ? 'request lost' : 'answered')
  sendToEach('waiting')
  await eventually(
    '30 retries',
    () => retries,
    (count) => count >= 30,
  )
  sendToEach('behind')
  await takeDown(1, 'SIGTERM')
  const leaders = (): Set<number> => new Set(ofOne.map((each) => cluster.leaderOf(topic, each) ?? -1))
  await eventually(
    'broker 1 leads no partition',
    () => cluster.refresh().then(leaders, leaders),
    (seen) => !seen.has(1) && !seen.has(-1),
  )
  expect(leaders()).toEqual(new Set([2, 3]))
  cluster.fateOf = () => 'answered'
  const reported = await Promise.all(sends)
  expect(reported.map(({ offset }) => offset)).toEqual([0, 1, 2].flatMap((offset) => Array<number>(30).fill(offset)))
  await producer.close()
  await kafka.startNode(1)
  await untilInSync(topic)

  const records = await readTopic(cluster, topic)
  expect(records).toHaveLength(90)
  for (let partition = 0; partition < 30; partition++) {
    const values = records.filter((record) => record.partition === partition).map(({ value }) => value!.toString())
    expect(values).toEqual(['before', 'waiting', 'behind'])
  }
})

async function replicatedTopic(partitions: number): Promise<string> {
  const name = uniqueName('topic')
  await createTopics(cluster, [{ name, partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } }])
  return name
}

/** Ends a node's process, as one likes to be ended or as a crash would. */
async function takeDown(nodeId: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const node = kafka.node(nodeId)!
  process.kill(node.pid, signal)
  await node.exited
}

async function untilInSync(topic: string): Promise<void> {
  const complete = (): boolean => cluster.topic(topic)!.partitions.every(({ inSync }) => inSync.length === 3)
  const isComplete = await eventually(
    '3 replicas of each partition are in sync',
    () => cluster.refresh().then(complete, () => false),
    (seen) => seen,
  )
  expect(isComplete).toBe(true)
}
