import { listGroupsV5, offsetFetchV8 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { findCoordinators } from '../cluster/find-coordinators.ts'
import { KafkaError } from '../errors.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'

export interface ListedGroup {
  readonly groupId: string
  /** As Kafka calls it: Stable, Empty, PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Dead. */
  readonly state: string
  /** Of the two protocols that consumers speak: `consumer` is the one of KIP-848. */
  readonly protocol: 'classic' | 'consumer'
}

export interface CommittedOffset extends TopicPartition {
  readonly groupId: string
  readonly offset: number
  /** What the group's members keep beside the offset; empty for nothing. */
  readonly metadata: string
}

/** All groups that consume, of both protocols, in the order of their names. Each broker knows those it coordinates. */
export async function listGroups(cluster: Cluster, connections: BrokerConnections): Promise<ListedGroup[]> {
  await cluster.refresh()
  const answers = await Promise.all(
    cluster.brokerIds.map(async (nodeId) => {
      const connection = await connections.to(nodeId)
      const response: listGroupsV5.ListGroupsResponse = await callBroker(connection, listGroupsV5.api, [], [])
      if (response.errorCode !== 0) throw new KafkaError(response.errorCode, 'listing groups')
      return response.groups
    }),
  )
  return answers
    .flat()
    .filter(({ protocolType, groupType }) => isOfConsumers(protocolType, groupType))
    .map(({ groupId, groupState, groupType }): ListedGroup => {
      return { groupId, state: groupState, protocol: groupType === 'consumer' ? 'consumer' : 'classic' }
    })
    .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

/** Share groups, and those of Kafka Streams' own protocol, are not read by consumers that commit offsets. */
function isOfConsumers(protocolType: string, groupType: string): boolean {
  return (protocolType === 'consumer' || protocolType === '') && (groupType === 'consumer' || groupType === 'classic')
}

/** What groups have committed, for every partition for which they have. */
export async function committedOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  groupIds: readonly string[],
): Promise<CommittedOffset[]> {
  if (groupIds.length === 0) return []
  const coordinators = await findCoordinators(cluster, groupIds)
  const byNode = Map.groupBy(groupIds, (groupId) => coordinators.get(groupId)!)
  const answers = await Promise.all(
    [...byNode].map(async ([nodeId, members]) => {
      const connection = await connections.to(nodeId)
      const groups = members.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: null }))
      const response: offsetFetchV8.OffsetFetchResponse = await callBroker(connection, offsetFetchV8.api, groups, false)
      return response.groups.flatMap(committedOf)
    }),
  )
  return answers.flat()
}

function committedOf(group: offsetFetchV8.OffsetFetchResponseGroup): CommittedOffset[] {
  if (group.errorCode !== 0) throw new KafkaError(group.errorCode, `reading offsets of group ${group.groupId}`)
  return group.topics.flatMap(({ name, partitions }) =>
    partitions
      .filter(({ errorCode, committedOffset }) => errorCode === 0 && committedOffset >= 0n)
      .map(({ partitionIndex, committedOffset, metadata }) => ({
        groupId: group.groupId,
        topic: name,
        partition: partitionIndex,
        offset: Number(committedOffset),
        metadata: metadata ?? '',
      })),
  )
}
