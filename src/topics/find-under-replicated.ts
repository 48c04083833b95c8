import { describeTopics } from '../kafka/admin/describe-topics.ts'
import { listTopics } from '../kafka/admin/list-topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { MIN_IN_SYNC } from './compare-topics.ts'
import { effectiveMinInSync } from './effective-min-in-sync.ts'

/**
 * `offline`: it has no leader, nothing can be read or written. `below-min-isr`: writes with acks=all are refused.
 * `at-min-isr`: one more broker, and they will be. `under-replicated`: a copy is missing or behind, with some to spare.
 */
export type ReplicationState = 'offline' | 'below-min-isr' | 'at-min-isr' | 'under-replicated'

export interface UnderReplicatedPartition {
  readonly topic: string
  readonly partition: number
  readonly leader: number | null
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  readonly missing: readonly number[]
  readonly minInSync: number
  readonly state: ReplicationState
}

/** Every partition of a topic that is not Kafka's own and has fewer replicas in sync than it ought to. */
export async function findUnderReplicated(cluster: Cluster): Promise<UnderReplicatedPartition[]> {
  const topics = await describeTopics(cluster, await listTopics(cluster))
  return [...topics.values()].flatMap(({ name, layout, configs }) => {
    const minInSyncOf = (replicas: readonly number[]): number =>
      effectiveMinInSync(configs.get(MIN_IN_SYNC), replicas.length)
    return layout
      .filter(({ replicas, inSync, leader }) => inSync.length < replicas.length || leader < 0)
      .map(({ partition, leader, replicas, inSync }) => ({
        topic: name,
        partition,
        leader: leader < 0 ? null : leader,
        replicas,
        inSync,
        missing: replicas.filter((nodeId) => !inSync.includes(nodeId)),
        minInSync: minInSyncOf(replicas),
        state: replicationState(leader, inSync.length, minInSyncOf(replicas)),
      }))
  })
}

function replicationState(leader: number, inSync: number, minInSync: number): ReplicationState {
  if (leader < 0) return 'offline'
  if (inSync < minInSync) return 'below-min-isr'
  return inSync === minInSync ? 'at-min-isr' : 'under-replicated'
}
