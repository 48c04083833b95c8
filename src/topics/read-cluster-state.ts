import { describeBrokers } from '../kafka/admin/describe-brokers.ts'
import { describeTopics } from '../kafka/admin/describe-topics.ts'
import { listTopics } from '../kafka/admin/list-topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import type { ClusterState } from './plan-topics.ts'

/**
 * The cluster as a plan sees it: its brokers, the named topics, and those whose names begin with `owns`.
 * Throws KafkaError or KafkaUnreachableError.
 */
export async function readClusterState(
  cluster: Cluster,
  names: readonly string[],
  owns: string | null,
): Promise<ClusterState> {
  const all = owns === null ? [] : (await listTopics(cluster)).filter((name) => name.startsWith(owns))
  const described = await describeTopics(cluster, [...new Set([...names, ...all])])
  const topics = [...described].map(([name, { layout, configs, overrides }]) => {
    return [name, { layout: layout.map(({ replicas }) => replicas), configs, overrides }] as const
  })
  const brokers = await describeBrokers(cluster)
  const places = brokers.filter(({ isUp }) => isUp).map(({ nodeId, rack }) => ({ nodeId, rack }))
  return { clusterId: cluster.clusterId, brokers: brokers.length, places, topics: new Map(topics) }
}
