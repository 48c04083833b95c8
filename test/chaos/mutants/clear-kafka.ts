import { deleteGroupsV2, deleteTopicsV6 } from '@platformatic/kafka'
import { listGroups } from '../../../src/kafka/admin/read-groups.ts'
import { callBroker } from '../../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { retryCall } from '../../../src/kafka/cluster/retry-call.ts'
import { eventually } from '../../gateway/eventually.ts'

const TOPICS = ['sms.accepted', 'sms.delivery', 'sms.status', 'sms.dlq']
const TIMEOUT_MS = 30_000

/** Removes topics and groups, so that what comes next begins with offset 0. One broker has to be enough. */
export async function clearKafka(cluster: Cluster): Promise<void> {
  const connections = cluster.connections(TIMEOUT_MS)
  try {
    const groups = await retryCall(() => listGroups(cluster, connections))
    const connection = await cluster.anyConnection()
    const topics = TOPICS.map((name) => ({ name, topicId: NO_ID }))
    await callBroker(connection, deleteTopicsV6.api, topics, TIMEOUT_MS)
    await callBroker(
      connection,
      deleteGroupsV2.api,
      groups.map(({ groupId }) => groupId),
    )
    await eventually(
      'the topics are deleted',
      async () => {
        await cluster.refresh()
        return TOPICS.every((name) => cluster.topic(name) === undefined)
      },
      (gone) => gone,
      TIMEOUT_MS,
    )
  } finally {
    await connections.close()
  }
}

/** How the protocol says that a topic is meant by its name. */
const NO_ID = '00000000-0000-0000-0000-000000000000'
