import { createPartitionsV3, offsetCommitV8 } from '@platformatic/kafka'
import { expect, onTestFinished, test } from 'vitest'
import { callBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { findCoordinators } from '../../src/kafka/cluster/find-coordinators.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import type { ConsumerObserver } from '../../src/kafka/consumer/consumer-observer.ts'
import { type ConsumerOptions, consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inBatches } from '../../src/kafka/consumer/handling.ts'
import { DONE, retryAt, type SettledOutcome } from '../../src/kafka/consumer/outcome.ts'
import type { SettledHandler } from '../../src/kafka/middleware/middleware.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember } from '../servers/group-member.ts'

function member(
  cluster: Cluster,
  topic: string,
  groupId: string,
  handle: SettledHandler,
  options: Partial<ConsumerOptions> = {},
  observer: ConsumerObserver = {},
): Promise<Consumer> {
  return startMember({ cluster, topic, groupId, handle, options, observer })
}

async function committedTotal(cluster: Cluster, groupId: string): Promise<number> {
  const committed = await committedByPartition(cluster, groupId)
  return [...committed.values()].reduce((sum, offset) => sum + offset, 0)
}

test('members share the partitions, hand over when one comes or goes, and every record is handled', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 12)
  const groupId = uniqueName('group')
  const seen = new Map<string, number>()
  const handle = async (record: ConsumedRecord): Promise<SettledOutcome> => {
    const value = record.value!.toString()
    seen.set(value, (seen.get(value) ?? 0) + 1)
    return DONE
  }
  const first = await member(cluster, topic, groupId, handle)
  await fill(cluster, topic, 2_000)
  const second = await member(testCluster(), topic, groupId, handle)
  await eventually(
    'each of 2 members has 6 partitions',
    () => [first.partitions.length, second.partitions.length],
    ([a, b]) => a === 6 && b === 6,
  )
  expect([first.partitions.length, second.partitions.length]).toEqual([6, 6])
  await fill(cluster, topic, 2_000, 2_000)
  await first.stop()
  await fill(cluster, topic, 1_000, 4_000)
  await eventually(
    'all 5,000 records are handled',
    () => seen.size,
    (count) => count === 5_000,
  )
  expect(seen.size).toBe(5_000)
  expect(second.partitions).toHaveLength(12)
  await second.stop()
  expect(await committedTotal(cluster, groupId)).toBe(5_000)
  // A partition is given up only when what was begun is done, so nothing is handled twice here.
  expect([...seen.values()].every((times) => times === 1)).toBe(true)
})

test('only the contiguous watermark is committed, and what is done beyond it is not done again', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 100)
  const first: number[] = []
  const stuck = await member(cluster, topic, groupId, async (record) => {
    if (record.key!.toString() === 'k5') return retryAt(Date.now() + 60_000)
    first.push(record.offset)
    return DONE
  })
  await eventually(
    'the 95 other records are handled',
    () => first.length,
    (count) => count === 95,
  )
  await stuck.stop()
  expect(await committedTotal(cluster, groupId)).toBe(5)
  const again: number[] = []
  await member(testCluster(), topic, groupId, async (record) => {
    again.push(record.offset)
    return DONE
  })
  await eventually(
    'the 5 records of the stuck key are handled',
    () => again.length,
    (count) => count === 5,
  )
  expect(again).toEqual([5, 25, 45, 65, 85])
})

test('a member that vanishes without a word is replaced after its session, and its records are handled', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 4)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 100)
  const vanishing = testCluster()
  const session = { sessionTimeoutMs: 6_000, heartbeatMs: 500 }
  const consumer = await member(vanishing, topic, groupId, () => new Promise(() => {}), { ...session, drainMsMax: 10 })
  expect(consumer.partitions).toHaveLength(4)
  await vanishing.close()
  const seen = new Set<string>()
  await member(
    cluster,
    topic,
    groupId,
    async (record) => {
      seen.add(record.value!.toString())
      return DONE
    },
    session,
  )
  await eventually(
    'all 100 records are handled',
    () => seen.size,
    (count) => count === 100,
  )
  expect(seen.size).toBe(100)
})

test('an offset that is no longer in the log, and metadata of another client, are reported and passed', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 10)
  await cluster.refresh()
  const connections = cluster.connections()
  const coordinator = (await findCoordinators(cluster, [groupId])).get(groupId)!
  const commit = [
    {
      name: topic,
      partitions: [
        { partitionIndex: 0, committedOffset: 5_000n, committedLeaderEpoch: -1, committedMetadata: 'not ours' },
      ],
    },
  ]
  await callBroker(await connections.to(coordinator), offsetCommitV8.api, groupId, -1, '', null, commit)
  await connections.close()
  const resets: number[][] = []
  const seen = new Set<number>()
  const handle = async (record: ConsumedRecord): Promise<SettledOutcome> => {
    seen.add(record.offset)
    return DONE
  }
  const observer = {
    outOfRange: (_topic: string, _partition: number, from: number, to: number) => resets.push([from, to]),
  }
  await member(cluster, topic, groupId, handle, {}, observer as ConsumerObserver)
  await eventually(
    'all 10 records are handled',
    () => seen.size,
    (count) => count === 10,
  )
  expect(resets).toEqual([[5_000, 0]])
  expect(seen.size).toBe(10)
})

test('partitions that are added while a topic is read are read too', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 2)
  const seen = new Set<string>()
  const consumer = await member(
    cluster,
    topic,
    uniqueName('group'),
    async (record) => {
      seen.add(record.value!.toString())
      return DONE
    },
    { metadataAgeMsMax: 500 },
  )
  const connection = await cluster.anyConnection()
  await callBroker(connection, createPartitionsV3.api, [{ name: topic, count: 6, assignments: null }], 10_000, false)
  await eventually(
    'the member has 6 partitions',
    () => consumer.partitions.length,
    (count) => count === 6,
  )
  await fill(testCluster(), topic, 300)
  await eventually(
    'all 300 records are handled',
    () => seen.size,
    (count) => count === 300,
  )
  expect(seen.size).toBe(300)
})

test('a batch that fails is tried again as it is, and nothing after it goes first', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  await fill(cluster, topic, 50)
  const handled: number[] = []
  let failures = 3
  const handling = inBatches({
    recordsMax: 20,
    handle: async (records) => {
      if (failures-- > 0) throw new Error('the database is unavailable')
      handled.push(...records.map(({ offset }) => offset))
      return []
    },
  })
  const consumer = new Consumer(cluster, consumerOptions({ groupId: uniqueName('group'), topics: [topic] }), handling)
  onTestFinished(() => consumer.stop())
  await consumer.start()
  await eventually(
    'all 50 records are handled',
    () => handled.length,
    (count) => count === 50,
  )
  expect(handled).toEqual(Array.from({ length: 50 }, (_, offset) => offset))
})

test('commit "enqueue" commits what is buffered, and hands over only when that is handled', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 40)
  const release = Promise.withResolvers<void>()
  const handled: number[] = []
  const handle = async (record: ConsumedRecord): Promise<SettledOutcome> => {
    await release.promise
    handled.push(record.offset)
    return DONE
  }
  const consumer = await member(cluster, topic, groupId, handle, { commit: 'enqueue', commitIntervalMs: 100 })
  await eventually(
    'all 40 records are committed',
    () => committedTotal(cluster, groupId),
    (total) => total === 40,
  )
  expect(await committedTotal(cluster, groupId)).toBe(40)
  expect(handled).toEqual([])
  const stopped = consumer.stop()
  release.resolve()
  await stopped
  expect(handled).toHaveLength(40)
})
