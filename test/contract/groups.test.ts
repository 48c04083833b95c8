import { expect, onTestFinished, test } from 'vitest'
import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { applyReset, previewReset } from '../../src/ops/groups/reset-offsets.ts'
import type { ResetTarget } from '../../src/ops/groups/reset-target.ts'
import { eventually } from '../servers/eventually.ts'
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
