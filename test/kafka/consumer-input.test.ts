import { deleteTopicsV6, offsetCommitV8 } from '@platformatic/kafka'
import { expect, onTestFinished, test } from 'vitest'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { callBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { findCoordinators } from '../../src/kafka/cluster/find-coordinators.ts'
import { retryCall } from '../../src/kafka/cluster/retry-call.ts'
import type { ConsumerObserver } from '../../src/kafka/consumer/consumer-observer.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember } from '../servers/group-member.ts'

/** Commits as any other client might: outside the group protocol, with whatever metadata. */
async function commitForeign(
  cluster: Cluster,
  groupId: string,
  topic: string,
  offset: number,
  metadata: string,
): Promise<void> {
  const connections = cluster.connections()
  await cluster.refresh()
  // A broker that has just started knows no coordinator yet, and one that it has found may still be loading.
  const coordinator = (await retryCall(() => findCoordinators(cluster, [groupId]))).get(groupId)!
  const partition = {
    partitionIndex: 0,
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: metadata,
  }
  const connection = await connections.to(coordinator)
  await eventually(
    'the offset is committed',
    async () => {
      const answer: offsetCommitV8.OffsetCommitResponse = await callBroker(
        connection,
        offsetCommitV8.api,
        groupId,
        -1,
        '',
        null,
        [{ name: topic, partitions: [partition] }],
      )
      return answer.topics[0]!.partitions[0]!.errorCode
    },
    (code) => code === 0,
  )
  await connections.close()
}

/** Keeps what is handled, and the calls of the observer. */
function record() {
  const offsets: number[] = []
  const reported: string[] = []
  const handle = ({ offset }: ConsumedRecord) => {
    offsets.push(offset)
    return DONE
  }
  const observer: ConsumerObserver = {
    topicMissing: () => reported.push('missing'),
    topicReplaced: () => reported.push('replaced'),
    outOfRange: (_topic, _partition, from, to) => reported.push(`${from} → ${to}`),
  }
  return { offsets, reported, handle, observer }
}

test('metadata of other clients, whatever it is, neither stops a member nor makes it skip a record', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  await fill(cluster, topic, 30)
  const foreign = [
    '',
    'committed by a Java tool',
    '{"offset": 12}',
    'bAAgAAAAHAQ==',
    '\u0000\u0001ÿ€😀',
    'smsgw.done.1:',
    'smsgw.done.1:!!!!',
    'smsgw.done.2:%%%',
    'smsgw.done.9:AAAA',
    'x'.repeat(4_000),
  ]
  for (const metadata of foreign) {
    const groupId = uniqueName('foreign')
    await commitForeign(cluster, groupId, topic, 10, metadata)
    const { offsets, handle } = record()
    const member = await startMember({ cluster, topic, groupId, handle })
    await eventually(
      '20 records are handled',
      () => offsets.length,
      (count) => count === 20,
    )
    expect(offsets, metadata).toEqual(Array.from({ length: 20 }, (_, n) => 10 + n))
    await member.stop()
    expect(await committedByPartition(cluster, groupId)).toEqual(new Map([[0, 30]]))
  }
})

test('a topic that is deleted and made again while it is read is reported, and read from its beginning', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const { offsets, reported, handle, observer } = record()
  const options = { metadataAgeMsMax: 300, heartbeatMs: 300, commitIntervalMs: 100 }
  await startMember({ cluster, topic, groupId: uniqueName('group'), handle, observer, options })
  await fill(testCluster(), topic, 20)
  await eventually(
    '20 records are handled',
    () => offsets.length,
    (count) => count === 20,
  )
  const admin = testCluster()
  await admin.refresh()
  const connections = admin.connections()
  onTestFinished(() => connections.close())
  const controller = await connections.to(admin.controllerId)
  await callBroker(controller, deleteTopicsV6.api, [{ name: topic, topicId: null }], 10_000)
  await createTopics(admin, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  // More than before: a reader that kept its old position would find it in the new log, and skip what lies below.
  await fill(testCluster(), topic, 50)
  await eventually(
    'the 50 records of the new topic are handled',
    () => offsets.length,
    (count) => count === 70,
  )
  expect(offsets.slice(20)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  expect(reported.some((each) => each === 'replaced' || each === 'missing')).toBe(true)
})

test('a topic that does not exist yet is reported once, and read when it appears', async () => {
  const cluster = testCluster()
  const topic = uniqueName('later')
  const { offsets, reported, handle, observer } = record()
  const options = { metadataAgeMsMax: 200, heartbeatMs: 200, commitIntervalMs: 100 }
  await startMember({ cluster, topic, groupId: uniqueName('group'), handle, observer, options })
  await eventually(
    'the missing topic is reported',
    () => reported.length,
    (count) => count > 0,
  )
  await createTopics(testCluster(), [{ name: topic, partitions: 1, replicationFactor: 1 }])
  await fill(testCluster(), topic, 10)
  await eventually(
    '10 records are handled',
    () => offsets.length,
    (count) => count === 10,
  )
  expect(offsets).toHaveLength(10)
  expect(reported).toEqual(['missing'])
})
