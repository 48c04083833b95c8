import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { TopicPartition } from '../../src/kafka/wire/consumer-protocol.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember } from '../servers/group-member.ts'
import { MemoryKafka } from './memory-kafka.ts'

/* What no test can make a real broker do at will. What both do is in `test/kafka`. */

async function start(): Promise<{ kafka: MemoryKafka; cluster: Cluster }> {
  const kafka = await MemoryKafka.start()
  const cluster = new Cluster({ brokers: [kafka.brokers], clientId: 'test' })
  onTestFinished(async () => {
    await cluster.close()
    await kafka.stop()
  })
  return { kafka, cluster }
}

test('a coordinator that forgets its members: they lose their partitions, join again, and go on behind their commits', async () => {
  const { kafka, cluster } = await start()
  const topic = await freshTopic(cluster, 4)
  const groupId = uniqueName('group')
  const seen: string[] = []
  const lost: TopicPartition[] = []
  await startMember({
    cluster,
    topic,
    groupId,
    handle: (record) => {
      seen.push(record.value!.toString())
      return DONE
    },
    options: { heartbeatMs: 100, commitIntervalMs: 100 },
    observer: { lost: (partitions) => void lost.push(...partitions) },
  })
  await fill(cluster, topic, 100)
  const total = async (): Promise<number> =>
    [...(await committedByPartition(cluster, groupId)).values()].reduce((sum, offset) => sum + offset, 0)
  await eventually('100 records are committed', total, (count) => count === 100)
  kafka.expelMembers(groupId)
  await fill(cluster, topic, 100, 100)
  await eventually('200 records are committed', total, (count) => count === 200)
  expect(lost).toHaveLength(4)
  expect(new Set(seen).size).toBe(200)
})

test('a log that loses its end: the reader says so and reads what is there now, the producer writes on', async () => {
  const { kafka, cluster } = await start()
  const topic = await freshTopic(cluster)
  const producer = new Producer(cluster)
  onTestFinished(() => producer.close())
  await producer.start([topic])
  const produce = (value: string) => producer.send({ topic, key: 'k', value })
  const seen: string[] = []
  const resets: string[] = []
  for (const value of ['a', 'b', 'c']) await produce(value)
  await startMember({
    cluster,
    topic,
    groupId: uniqueName('group'),
    handle: ({ offset, value }) => {
      seen.push(`${offset}: ${value!.toString()}`)
      return DONE
    },
    observer: { outOfRange: (_topic, _partition, from, to) => void resets.push(`${from} → ${to}`) },
  })
  await eventually(
    '3 records are handled',
    () => seen.length,
    (count) => count === 3,
  )
  kafka.loseFrom(topic, 0, 1)
  await eventually(
    'the reader began again',
    () => resets.length,
    (count) => count > 0,
  )
  expect((await produce('d')).offset).toBe(1)
  await eventually(
    'the new record is handled',
    () => seen.at(-1),
    (last) => last === '1: d',
  )
  expect(resets).toEqual(['3 → 0'])
})

test('a request that the broker does not know ends the connection, and nothing else', async () => {
  const { kafka, cluster } = await start()
  const [host, port] = kafka.brokers.split(':')
  const stranger = connect(Number(port), host)
  stranger.write(Buffer.from([0, 0, 0, 11, 0, 99, 0, 0, 0, 0, 0, 1, 255, 255, 0]))
  expect(await text(stranger)).toBe('')
  await cluster.refresh()
  expect(cluster.brokerIds).toEqual([1])
})
