import { offsetCommitV8 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { findCoordinators } from '../cluster/find-coordinators.ts'
import type { PartitionOffset } from '../consumer/fetch/list-offsets.ts'
import { KafkaError } from '../errors.ts'

/**
 * Commits offsets for a group from outside it. Kafka takes that only while the group has no members:
 * otherwise throws KafkaError with the code UNKNOWN_MEMBER_ID, and nothing is changed.
 */
export async function commitOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  groupId: string,
  offsets: readonly (PartitionOffset & { readonly metadata?: string })[],
): Promise<void> {
  const coordinator = (await findCoordinators(cluster, [groupId])).get(groupId)!
  const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    })),
  }))
  const response: offsetCommitV8.OffsetCommitResponse = await callBroker(
    await connections.to(coordinator),
    offsetCommitV8.api,
    groupId,
    -1,
    '',
    null,
    topics,
  )
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      if (errorCode !== 0) throw new KafkaError(errorCode, `committing ${name}[${partitionIndex}] for group ${groupId}`)
    }
  }
}
