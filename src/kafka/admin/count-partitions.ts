import { metadataV12 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'

/**
 * How many partitions each broker says that topics have, 0 for one that it does not know. Brokers learn of changes one
 * after another, so they may differ for a moment.
 */
export async function countPartitionsByBroker(
  cluster: Cluster,
  connections: BrokerConnections,
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>[]> {
  return await Promise.all(
    cluster.brokerIds.map(async (nodeId) => {
      const connection = await connections.to(nodeId)
      const answer: metadataV12.MetadataResponse = await callBroker(connection, metadataV12.api, topics, false, false)
      const counts = answer.topics.map(
        (each) => [each.name, each.errorCode === 0 ? each.partitions.length : 0] as const,
      )
      return new Map(counts.filter((each): each is readonly [string, number] => each[0] !== null))
    }),
  )
}
