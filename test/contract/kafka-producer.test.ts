import { expect, onTestFinished, test } from 'vitest'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { BufferFullError, KafkaError } from '../../src/kafka/errors.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { producerOptions } from '../../src/kafka/producer/producer-options.ts'
import { headerOf } from '../../src/kafka/wire/consumed-record.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { readTopic } from '../servers/read-topic.ts'

async function producerFor(cluster: Cluster, topic: string, ...options: Parameters<typeof producerOptions>) {
  const producer = new Producer(cluster, producerOptions(...options))
  await producer.start([topic])
  return producer
}

test('1,000 concurrent sends to one partition: 1,000 distinct offsets, 1,000 records, in order per key', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const producer = await producerFor(cluster, topic, 'safe')
  const positions = await Promise.all(
    Array.from({ length: 1_000 }, (_, n) => producer.send({ topic, key: `key-${n % 7}`, value: String(n) })),
  )
  await producer.close()
  expect(new Set(positions.map(({ offset }) => offset)).size).toBe(1_000)
  const records = await readTopic(cluster, topic)
  expect(records).toHaveLength(1_000)
  for (let key = 0; key < 7; key++) {
    const values = records.filter((record) => record.key!.toString() === `key-${key}`).map(({ value }) => Number(value))
    expect(values).toEqual([...values].sort((a, b) => a - b))
  }
  for (const [n, { offset }] of positions.entries()) expect(records[offset]!.value!.toString()).toBe(String(n))
})

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'records compressed by %s are read back',
  async (compression) => {
    const cluster = testCluster()
    const topic = await freshTopic(cluster, 3)
    const producer = await producerFor(cluster, topic, 'safe', { compression })
    const values = Array.from({ length: 200 }, (_, n) => `value ${n} ${'سلام '.repeat(n % 20)}`)
    await Promise.all(
      values.map((value, n) => producer.send({ topic, key: String(n), value, headers: [['h', `${n}`]] })),
    )
    await producer.close()
    const records = await readTopic(cluster, topic)
    expect(records.map(({ value }) => value!.toString()).sort()).toEqual([...values].sort())
    expect(records.map((record) => headerOf(record, 'h')).sort()).toEqual(
      records.map(({ key }) => key!.toString()).sort(),
    )
  },
)

test('a buffer that is full makes callers wait, refuses them when as many bytes wait, and loses nothing', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const limits = { bufferBytesMax: 65_536, requestBytesMax: 65_536, batchBytesMax: 16_384 }
  const producer = await producerFor(cluster, topic, 'safe', limits)
  const value = 'x'.repeat(1_000)
  let most = 0
  const sends = Array.from({ length: 300 }, () => {
    const sent = producer.send({ topic, key: null, value })
    most = Math.max(most, producer.buffered.bytes)
    return sent
  })
  expect(producer.buffered.callersWaiting).toBeGreaterThan(50)
  const settled = await Promise.allSettled(sends)
  const written = settled.filter(({ status }) => status === 'fulfilled').length
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  expect(written).toBeGreaterThan(120)
  expect(refused.length).toBeGreaterThan(100)
  expect(refused.every((error) => error instanceof BufferFullError)).toBe(true)
  // All that was refused came after all that was taken.
  expect(settled.findIndex(({ status }) => status === 'rejected')).toBe(written)
  await producer.close()
  expect(most).toBeLessThanOrEqual(65_536)
  const end = await listOffsets(cluster, cluster.connections(), [{ topic, partition: 0 }], LATEST)
  expect(end[0]!.offset).toBe(written)
})

test('a batch leaves when it is full, however long it might linger, and one that is not leaves when flushed', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const patient = { lingerMs: 600_000, deliveryTimeoutMs: 700_000, batchBytesMax: 4_096, compression: 'none' } as const
  const sizes: number[] = []
  const producer = new Producer(cluster, producerOptions('batch', patient), {
    acknowledged: ({ records, bytes }) => {
      sizes.push(records)
      expect(bytes).toBeLessThanOrEqual(4_096)
    },
  })
  await producer.start([topic])
  const sends = Array.from({ length: 60 }, () => producer.send({ topic, key: 'k', value: 'x'.repeat(100) }))
  await sends[0]
  expect(sizes[0]).toBeGreaterThan(30)
  expect(producer.buffered.bytes).toBeGreaterThan(0)
  await producer.flush()
  await Promise.all(sends)
  await producer.close()
  expect(sizes).toHaveLength(2)
  expect(sizes[0]! + sizes[1]!).toBe(60)
})

test('what cannot be sent is refused at once, and what goes with it is not', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const producer = await producerFor(cluster, topic, 'safe')
  const refused = await Promise.allSettled([
    producer.send({ topic, key: null, value: 'x'.repeat(2_000_000) }),
    producer.send({ topic: 'no-such-topic', key: null, value: 'x' }),
    producer.send({ topic, key: null, value: 'good' }),
  ])
  await producer.close()
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  for (const each of refused.slice(0, 2)) expect((each as PromiseRejectedResult).reason).toBeInstanceOf(KafkaError)
  const start = await listOffsets(cluster, cluster.connections(), [{ topic, partition: 0 }], EARLIEST)
  expect(start[0]!.offset).toBe(0)
})

test('a producer that starts before its topic is known waits for it', async () => {
  const cluster = testCluster()
  const topic = uniqueName('topic')
  const producer = new Producer(cluster)
  onTestFinished(() => producer.close())
  const starting = producer.start([topic])
  await createTopics(testCluster(), [{ name: topic, partitions: 2, replicationFactor: 1 }])
  await starting
  expect(producer.partitionsOf(topic)).toBe(2)
  expect(await producer.send({ topic, key: 'k', value: 'v' })).toMatchObject({ offset: 0 })
})
