import { expect, onTestFinished, test } from 'vitest'
import { inheritOffsets } from '../../src/kafka/admin/inherit-offsets.ts'
import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE, retryAt } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { applyReset, previewReset } from '../../src/tools/groups/reset-offsets.ts'
import type { ResetTarget } from '../../src/tools/groups/reset-target.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'

const PARTITIONS = 3
const STAMPED_MS = Date.now() - 3_600_000

/** Record n of each partition is stamped n seconds after the first. */
async function fill(cluster: Cluster, topic: string, perPartition: number): Promise<void> {
  const producer = new Producer(cluster)
  await producer.start([topic])
  for (let n = 0; n < perPartition; n++) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      void producer.send({ topic, partition, key: null, value: String(n), timestampMs: STAMPED_MS + n * 1_000 })
    }
  }
  await producer.flush()
  await producer.close()
}

/** Lets a member of the group read on to the end; returns how many records it was given. */
async function readToEnd(cluster: Cluster, topic: string, groupId: string, records: number): Promise<number> {
  let handled = 0
  const handle = async () => {
    handled++
    return DONE
  }
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId, topics: [topic] }),
    inLanes({ handle, concurrencyMax: 10 }),
  )
  await consumer.start()
  await eventually(
    `the group has handled ${records} records`,
    () => handled,
    (count) => count >= records,
  )
  await consumer.stop()
  return handled
}

test('a reset shows what it would do, does that, and what is read again is what it said', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  const topic = await freshTopic(cluster, PARTITIONS)
  const group = uniqueName('group')
  await fill(cluster, topic, 100)
  expect(await readToEnd(cluster, topic, group, 300)).toBe(300)
  const preview = (target: ResetTarget) => previewReset(cluster, connections, { group, topics: [], target })

  const rows = await preview({ kind: 'time', atMs: STAMPED_MS + 60_000 })
  expect(rows).toEqual([0, 1, 2].map((partition) => ({ topic, partition, before: 100, after: 60, again: 40 })))
  const untouched = await committedOffsets(cluster, connections, [group])
  expect(untouched.map(({ offset }) => offset)).toEqual([100, 100, 100])

  expect(await applyReset(cluster, connections, group, rows)).toEqual(rows)
  expect(await readToEnd(cluster, topic, group, 120)).toBe(120)

  const shifted = await preview({ kind: 'shift', by: -1_000 })
  expect(shifted.map(({ after }) => after)).toEqual([0, 0, 0])
  const latest = await preview({ kind: 'latest' })
  expect(latest.every(({ again }) => again === 0)).toBe(true)
})

test('a group with members is left alone, also when it comes to life after the preview', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  const topic = await freshTopic(cluster, PARTITIONS)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 10)
  await readToEnd(cluster, topic, groupId, 30)
  const rows = await previewReset(cluster, connections, { group: groupId, topics: [], target: { kind: 'earliest' } })
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId, topics: [topic] }),
    inLanes({ handle: async () => DONE, concurrencyMax: 10 }),
  )
  await consumer.start()
  onTestFinished(() => consumer.stop())
  await expect(applyReset(cluster, connections, groupId, rows)).rejects.toThrow(/has members/)
  const target = { kind: 'earliest' } as const
  await expect(previewReset(cluster, connections, { group: groupId, topics: [], target })).rejects.toThrow(
    /has members/,
  )
})

test('a group under a new name goes on where the former one was: nothing is skipped, nothing handled twice', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  onTestFinished(() => connections.close())
  const topic = await freshTopic(cluster, PARTITIONS)
  const [from, to] = [uniqueName('former'), uniqueName('group')]
  await fill(cluster, topic, 100)
  const succession = { topic, from, to }
  expect(await inheritOffsets(cluster, connections, succession)).toBe(0)

  // The record in the middle of each partition waits for a retry: behind it everything is done but not committed.
  const handled = new Map<string, number>()
  const name = ({ partition, offset }: ConsumedRecord): string => `${partition}-${offset}`
  const handle = async (record: ConsumedRecord) => {
    if (record.offset === 50) return retryAt(Date.now() + 600_000)
    handled.set(name(record), (handled.get(name(record)) ?? 0) + 1)
    return DONE
  }
  const former = new Consumer(
    cluster,
    consumerOptions({ groupId: from, topics: [topic] }, { drainMsMax: 100 }),
    inLanes({ handle, concurrencyMax: 10, laneOf: name }),
  )
  await former.start()
  await eventually(
    'the former group has handled all but one record of each partition',
    () => handled.size,
    (records) => records === 99 * PARTITIONS,
  )
  await former.stop()
  expect(handled.size).toBe(99 * PARTITIONS)

  expect(await inheritOffsets(cluster, connections, succession)).toBe(PARTITIONS)
  const committed = await committedOffsets(cluster, connections, [from, to])
  const of = (group: string) =>
    committed
      .filter(({ groupId }) => groupId === group)
      .map(({ groupId: _, ...rest }) => rest)
      .sort((a, b) => a.partition - b.partition)
  expect(of(to)).toEqual(of(from))
  expect(of(to).map(({ offset }) => offset)).toEqual([50, 50, 50])
  await fill(cluster, topic, 1)
  expect(await readToEnd(cluster, topic, to, 2 * PARTITIONS)).toBe(2 * PARTITIONS)

  // Once it has offsets of its own, those of the former group count no more, whatever becomes of them.
  await fill(cluster, topic, 1)
  const reset = await previewReset(cluster, connections, { group: from, topics: [], target: { kind: 'earliest' } })
  await applyReset(cluster, connections, from, reset)
  expect(await inheritOffsets(cluster, connections, succession)).toBe(0)
  expect(await readToEnd(cluster, topic, to, PARTITIONS)).toBe(PARTITIONS)
})

test('a group that has a member already is left as it is', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  onTestFinished(() => connections.close())
  const topic = await freshTopic(cluster, PARTITIONS)
  const [from, to] = [uniqueName('former'), uniqueName('group')]
  await fill(cluster, topic, 10)
  await readToEnd(cluster, topic, from, 10 * PARTITIONS)
  let isJoined = false
  const member = new Consumer(
    cluster,
    consumerOptions({ groupId: to, topics: [topic] }, { commitIntervalMs: 600_000 }),
    inLanes({ handle: async () => DONE, concurrencyMax: 10 }),
    { assigned: () => (isJoined = true) },
  )
  await member.start()
  onTestFinished(() => member.stop())
  await eventually(
    'the member has joined',
    () => isJoined,
    (joined) => joined,
  )
  expect(await inheritOffsets(cluster, connections, { topic, from, to })).toBe(0)
})

test('of callers that inherit at once one copies; a former group with members and few offsets is copied as it is', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  onTestFinished(() => connections.close())
  const topic = await freshTopic(cluster, PARTITIONS)
  const [from, to] = [uniqueName('former'), uniqueName('group')]
  const producer = new Producer(cluster)
  await producer.start([topic])
  for (let n = 0; n < 10; n++) await producer.send({ topic, partition: 1, key: null, value: String(n) })
  await producer.close()
  let handled = 0
  const handle = async () => {
    handled++
    return DONE
  }
  // A worker of the former version that goes on: it has committed one partition of three.
  const former = new Consumer(
    cluster,
    consumerOptions({ groupId: from, topics: [topic] }, { commitIntervalMs: 100 }),
    inLanes({ handle, concurrencyMax: 10 }),
  )
  await former.start()
  onTestFinished(() => former.stop())
  const offsetsOf = async (group: string) =>
    (await committedOffsets(cluster, connections, [group])).map(({ partition, offset }) => [partition, offset])
  const own = await eventually(
    'the former group has committed partition 1',
    () => offsetsOf(from),
    (offsets) => offsets.some(([partition, offset]) => partition === 1 && offset === 10),
  )
  const succession = { topic, from, to }
  const copied = await Promise.all(Array.from({ length: 4 }, () => inheritOffsets(cluster, connections, succession)))
  expect(Math.max(...copied)).toBe(own.length)
  expect(await offsetsOf(to)).toEqual(own)
  expect(await inheritOffsets(cluster, connections, succession)).toBe(0)
  // The new group reads on beside the former one: what comes now is handled by both.
  await fill(cluster, topic, 1)
  expect(await readToEnd(cluster, topic, to, PARTITIONS)).toBe(PARTITIONS)
  await eventually(
    'both groups have handled the new records',
    () => handled,
    (records) => records === 10 + PARTITIONS,
  )
})
