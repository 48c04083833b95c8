import { alterBrokerConfigs, alterTopicConfigs } from '../kafka/admin/alter-configs.ts'
import { describeTopics } from '../kafka/admin/describe-topics.ts'
import { listTopics } from '../kafka/admin/list-topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { THROTTLED_REPLICAS } from './plan-topics.ts'

const RATES = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate']

interface Move {
  readonly partition: number
  readonly from: readonly number[]
  readonly to: readonly number[]
}

/**
 * Bounds what the copying of moved partitions takes of each broker, both where it is read and where it is written, as
 * `kafka-reassign-partitions --throttle` does: replicas that stay as they are are not held up. Returns false, and does
 * nothing, when nothing has to be copied.
 */
export async function throttleReplication(
  cluster: Cluster,
  topic: string,
  moves: readonly Move[],
  bytesPerSecond: number,
): Promise<boolean> {
  const copies = moves.flatMap(({ partition, from, to }) =>
    to.filter((nodeId) => !from.includes(nodeId)).map((nodeId) => ({ partition, from, nodeId })),
  )
  if (copies.length === 0) return false
  const sources = copies.flatMap(({ partition, from }) => from.map((nodeId) => `${partition}:${nodeId}`))
  const targets = copies.map(({ partition, nodeId }) => `${partition}:${nodeId}`)
  const involved = new Set(copies.flatMap(({ from, nodeId }) => [...from, nodeId]))
  const [leaders, followers] = THROTTLED_REPLICAS as [string, string]
  await alterTopicConfigs(cluster, topic, [
    { name: leaders, value: [...new Set(sources)].join() },
    { name: followers, value: targets.join() },
  ])
  await setRates(cluster, [...involved], String(bytesPerSecond))
  return true
}

/** Removes the bounds again, of these topics and of every broker that is up. */
export async function liftThrottle(cluster: Cluster, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    await alterTopicConfigs(
      cluster,
      topic,
      THROTTLED_REPLICAS.map((name) => ({ name, value: null })),
    )
  }
  await setRates(cluster, cluster.brokerIds, null)
}

async function setRates(cluster: Cluster, nodeIds: readonly number[], value: string | null): Promise<void> {
  const connections = cluster.connections()
  const changes = RATES.map((name) => ({ name, value }))
  try {
    for (const nodeId of nodeIds) await alterBrokerConfigs(connections, nodeId, changes)
  } finally {
    await connections.close()
  }
}

/** Topics whose replication is bounded, perhaps by a command that was interrupted. */
export async function throttledTopics(cluster: Cluster): Promise<string[]> {
  const topics = await describeTopics(cluster, await listTopics(cluster))
  return [...topics.values()]
    .filter(({ overrides }) => THROTTLED_REPLICAS.some((name) => overrides.has(name)))
    .map(({ name }) => name)
}
