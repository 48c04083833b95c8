import { committedOffsets, listGroups } from '../../kafka/admin/read-groups.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../kafka/consumer/list-offsets.ts'

/** How far a group is in a partition. */
export interface PartitionLag {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** The next offset that the group would read, as committed. */
  readonly currentOffset: number
  readonly logEndOffset: number
  readonly lag: number
}

/**
 * The lag of every group and partition with a committed offset, or of one group. Committed offsets are read before
 * the ends of the logs, so that a lag is never below the truth; those of partitions that are gone are left out.
 */
export async function readLag(
  cluster: Cluster,
  connections: BrokerConnections,
  only?: string,
): Promise<PartitionLag[]> {
  const groups = only === undefined ? (await listGroups(cluster, connections)).map(({ groupId }) => groupId) : [only]
  const committed = await committedOffsets(cluster, connections, groups)
  await cluster.watch([...new Set(committed.map(({ topic }) => topic))])
  const present = committed.filter(({ topic, partition }) => cluster.leaderOf(topic, partition) !== undefined)
  const partitions = new Map(present.map(({ topic, partition }) => [`${topic}[${partition}]`, { topic, partition }]))
  const ends = await listOffsets(cluster, connections, [...partitions.values()], LATEST)
  const endOf = new Map(ends.map(({ topic, partition, offset }) => [`${topic}[${partition}]`, offset]))
  return present
    .map(({ groupId, topic, partition, offset }) => {
      const logEndOffset = endOf.get(`${topic}[${partition}]`)!
      return {
        group: groupId,
        topic,
        partition,
        currentOffset: offset,
        logEndOffset,
        lag: Math.max(0, logEndOffset - offset),
      }
    })
    .sort((a, b) => a.group.localeCompare(b.group) || a.topic.localeCompare(b.topic) || a.partition - b.partition)
}
