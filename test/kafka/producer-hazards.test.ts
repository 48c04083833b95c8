import { expect, inject, onTestFinished, test } from 'vitest'
import { DeliveryTimeoutError, KafkaCode } from '../../src/kafka/errors.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { requestIdentity } from '../../src/kafka/producer/producer-identity.ts'
import { producerOptions } from '../../src/kafka/producer/producer-options.ts'
import { PRODUCE_API_KEY, type ProduceResult } from '../../src/kafka/wire/produce-v9.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster } from '../servers/fixtures.ts'
import { readTopic } from '../servers/read-topic.ts'
import { type Fate, UnreliableCluster } from '../servers/unreliable-cluster.ts'

/** What `docs/decisions/0011-client-hazards.md` says of the client's producer must not be true of ours. */

async function producerOn(partitions: number, ...options: Parameters<typeof producerOptions>) {
  const cluster = new UnreliableCluster({ brokers: inject('kafkaBrokers').split(','), clientId: 'unreliable' })
  const topic = await freshTopic(cluster, partitions)
  const reported = { retries: 0, identities: 0 }
  const producer = new Producer(cluster, producerOptions(...options), {
    retried: () => void reported.retries++,
    identityRenewed: () => void reported.identities++,
  })
  onTestFinished(async () => {
    await producer.close()
    await cluster.close()
  })
  await producer.start([topic])
  const values = async (partition = 0): Promise<string[]> =>
    (await readTopic(testCluster(), topic))
      .filter((record) => record.partition === partition)
      .map(({ value }) => value!.toString())
  return { cluster, producer, topic, reported, values }
}

/** The first produce requests meet these fates, those after them are answered. */
function inTurn(...fates: Fate[]): (apiKey: number) => Fate {
  return (apiKey) => (apiKey === PRODUCE_API_KEY ? (fates.shift() ?? 'answered') : 'answered')
}

function answerFor(topic: string, code: number, baseOffset: number): ProduceResult {
  return { topic, partition: 0, code, message: null, baseOffset }
}

test('a batch whose answer is lost is sent again under the same stamp: it is in the log once, at the offset that is returned', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(1, 'safe')
  cluster.fateOf = inTurn('answer lost', 'answer lost', 'answer lost')
  const sends = Array.from({ length: 100 }, (_, n) => producer.send({ topic, key: 'k', value: String(n) }))
  const offsets = (await Promise.all(sends)).map(({ offset }) => offset)
  expect(reported).toEqual({ retries: 3, identities: 0 })
  expect(offsets).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(await values()).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
})

test('without idempotence the same loss writes a batch twice, which is what the profile `fast` warns of', async () => {
  const { cluster, producer, topic, values } = await producerOn(1, 'fast')
  cluster.fateOf = inTurn('answer lost')
  await producer.send({ topic, key: 'k', value: 'a' })
  expect(await values()).toEqual(['a', 'a'])
})

test('nothing overtakes a batch that waits for its retry', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(1, 'safe', { lingerMs: 0 })
  cluster.fateOf = inTurn('request lost', 'request lost')
  const first = producer.send({ topic, key: 'k', value: 'first' })
  await eventually(
    'the producer has retried',
    () => reported.retries,
    (retries) => retries > 0,
  )
  const second = producer.send({ topic, key: 'k', value: 'second' })
  await producer.flush()
  expect([(await first).offset, (await second).offset]).toEqual([0, 1])
  expect(await values()).toEqual(['first', 'second'])
})

test('a broker that lost count of one partition: only that one starts over, its neighbours are not written twice', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(3, 'safe')
  const send = (partition: number, value: string) => producer.send({ topic, partition, key: 'k', value })
  await send(0, 'a')
  // Acknowledged and gone, as by an unclean election: the broker misses a sequence from here on.
  cluster.fateOf = inTurn({ answer: [answerFor(topic, KafkaCode.NONE, 1)], broker: 'left out' })
  await send(0, 'lost by the broker')
  const [c, d, e] = await Promise.all([send(0, 'c'), send(1, 'd'), send(2, 'e')])
  expect(reported.identities).toBe(1)
  expect([c.offset, d.offset, e.offset]).toEqual([1, 0, 0])
  // And goes on under the new identity, also where the old one was not lost.
  await Promise.all([send(0, 'f'), send(1, 'g')])
  expect(await values(0)).toEqual(['a', 'c', 'f'])
  expect(await values(1)).toEqual(['d', 'g'])
  expect(await values(2)).toEqual(['e'])
})

test('a batch under way at its deadline is given up then, and what is sent after it neither overtakes nor repeats it', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(1, 'safe', {
    requestTimeoutMs: 500,
    deliveryTimeoutMs: 2_000,
  })
  let release!: () => void
  const heldUntil = new Promise<void>((resolve) => {
    release = resolve
  })
  cluster.fateOf = inTurn({ heldUntil })
  await expect(producer.send({ topic, key: 'k', value: 'unclear' })).rejects.toBeInstanceOf(DeliveryTimeoutError)
  const next = producer.send({ topic, key: 'k', value: 'next' })
  release()
  expect((await next).offset).toBe(1)
  expect(reported.identities).toBe(1)
  expect(await values()).toEqual(['unclear', 'next'])
})

test('what reaches no broker until the deadline fails with all behind it, and the partition works again after', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(2, 'safe', {
    lingerMs: 0,
    requestTimeoutMs: 500,
    deliveryTimeoutMs: 1_000,
  })
  const send = (partition: number, value: string) => producer.send({ topic, partition, key: 'k', value })
  await send(0, 'before')
  cluster.fateOf = (apiKey) => (apiKey === PRODUCE_API_KEY ? 'request lost' : 'answered')
  const sends = [send(0, 'a'), send(0, 'b')]
  await eventually(
    'the producer has retried twice',
    () => reported.retries,
    (retries) => retries >= 2,
  )
  sends.push(send(0, 'behind'))
  const outcomes = (await Promise.allSettled(sends)).map((each) => (each.status === 'rejected' ? each.reason : each))
  for (const outcome of outcomes) expect(outcome).toBeInstanceOf(DeliveryTimeoutError)
  expect(outcomes[0].message).toMatch(/not acknowledged in \d+ ms, \d+ attempts/)
  cluster.fateOf = () => 'answered'
  await Promise.all([send(0, 'after'), send(1, 'other')])
  expect(await values(0)).toEqual(['before', 'after'])
  expect(await values(1)).toEqual(['other'])
})

test('a batch that was written although the broker said "not yet", and given up: the next one is not taken for it', async () => {
  const { cluster, producer, topic, reported, values } = await producerOn(1, 'safe', {
    requestTimeoutMs: 500,
    deliveryTimeoutMs: 1_000,
  })
  const tooFew: Fate = { answer: [answerFor(topic, KafkaCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, -1)], broker: 'asked' }
  cluster.fateOf = (apiKey) => (apiKey === PRODUCE_API_KEY ? tooFew : 'answered')
  await expect(producer.send({ topic, key: 'k', value: 'unclear' })).rejects.toBeInstanceOf(DeliveryTimeoutError)
  cluster.fateOf = () => 'answered'
  expect((await producer.send({ topic, key: 'k', value: 'next' })).offset).toBe(1)
  expect(reported.identities).toBe(1)
  expect(await values()).toEqual(['unclear', 'next'])
})

test('each producer has an identity of its own', async () => {
  const cluster = testCluster()
  const identities = await Promise.all([requestIdentity(cluster), requestIdentity(cluster)])
  expect(new Set(identities.map(({ producerId }) => producerId)).size).toBe(2)
})
