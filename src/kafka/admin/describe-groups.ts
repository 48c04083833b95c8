import { consumerGroupDescribeV0, describeGroupsV5 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { findCoordinators } from '../cluster/find-coordinators.ts'
import type { ListedGroup } from './read-groups.ts'

/** A group that is gone, or that has gone over to the other protocol, since it was listed: it is left out. */
const isPresent = ({ errorCode }: { readonly errorCode: number }): boolean => errorCode === 0

/**
 * How many members each group has. Each protocol has a request of its own: the older one answers for a group of
 * KIP-848 that it is dead and has none. Groups that are gone by now are left out. Throws KafkaUnreachableError.
 */
export async function countMembers(
  cluster: Cluster,
  connections: BrokerConnections,
  groups: readonly ListedGroup[],
): Promise<Map<string, number>> {
  if (groups.length === 0) return new Map()
  const coordinators = await findCoordinators(
    cluster,
    groups.map(({ groupId }) => groupId),
  )
  const requests = [...Map.groupBy(groups, ({ groupId, protocol }) => `${coordinators.get(groupId)} ${protocol}`)]
  const answers = await Promise.all(
    requests.map(async ([, members]) => {
      const { groupId, protocol } = members[0]!
      const connection = await connections.to(coordinators.get(groupId)!)
      const api = protocol === 'consumer' ? consumerGroupDescribeV0.api : describeGroupsV5.api
      const response: consumerGroupDescribeV0.ConsumerGroupDescribeResponse | describeGroupsV5.DescribeGroupsResponse =
        await callBroker(
          connection,
          api,
          members.map((each) => each.groupId),
          false,
        )
      const described: readonly { errorCode: number; groupId: string; members: readonly unknown[] }[] = response.groups
      return described.filter(isPresent).map((each): [string, number] => [each.groupId, each.members.length])
    }),
  )
  return new Map(answers.flat())
}
