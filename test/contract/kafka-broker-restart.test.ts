import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { eventually } from '../gateway/eventually.ts'
import { silent } from '../gateway/silent-progress.ts'
import { freshTopic, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember } from '../servers/group-member.ts'

test('a broker that stops and comes back: reading continues, nothing is lost, the trouble is reported', async () => {
  const { path: folder, remove } = temporaryFolder('smsgw-test')
  const cacheFolder = join(import.meta.dirname, '../../.smsgw/cache')
  const kafka = await KafkaCluster.start({ folder, cacheFolder, brokers: 1, progress: silent, withoutLogin: true })
  const cluster = new Cluster({ brokers: kafka.brokers.split(','), clientId: 'test' })
  onTestFinished(async () => {
    await cluster.close()
    await kafka.stop()
    await remove()
  })
  const topic = await freshTopic(cluster, 2)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 100)
  const values = new Set<string>()
  let troubles = 0
  const member = await startMember({
    cluster,
    topic,
    groupId,
    handle: ({ value }) => {
      values.add(value!.toString())
      return DONE
    },
    observer: { troubled: () => troubles++ },
  })
  await eventually(
    '100 records are handled',
    () => values.size,
    (count) => count === 100,
  )
  const [nodeId] = kafka.nodeIds
  await kafka.node(nodeId!)!.stop()
  await kafka.startNode(nodeId!)
  await eventually(
    'the partition has a leader again',
    () =>
      cluster.refresh().then(
        () => cluster.leaderOf(topic, 0) !== undefined,
        () => false,
      ),
    (isBack) => isBack,
  )
  await fill(cluster, topic, 100, 100)
  await eventually(
    '200 records are handled',
    () => values.size,
    (count) => count === 200,
  )
  expect(values.size).toBe(200)
  expect(troubles).toBeGreaterThan(0)
  await member.stop()
  const committed = await committedByPartition(cluster, groupId)
  expect([...committed.values()].reduce((sum, offset) => sum + offset, 0)).toBe(200)
})
