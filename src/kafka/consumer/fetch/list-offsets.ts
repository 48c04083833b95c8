import { listOffsetsV7 } from '@platformatic/kafka'
import { callBroker } from '../../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../../cluster/cluster.ts'
import { KafkaError, KafkaUnreachableError } from '../../errors.ts'
import type { TopicPartition } from '../../wire/consumer-protocol.ts'

/**
 * The protocol's special values for a time: the end of a log, and its beginning. The end is the last stable offset:
 * records of transactions that are not committed count for no reader.
 */
export const LATEST = -1
export const EARLIEST = -2

const ANY_REPLICA = -1
const READ_COMMITTED = 1

export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

/**
 * The offset of each partition at a time in milliseconds, or LATEST or EARLIEST: of the first record stamped at that
 * time or later, -1 if there is none. Asks each partition's leader. Throws KafkaError or KafkaUnreachableError.
 */
export async function listOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  partitions: readonly TopicPartition[],
  at: number,
): Promise<PartitionOffset[]> {
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => cluster.leaderOf(topic, partition) ?? -1)
  const answers = await Promise.all(
    [...byLeader].map(([leader, members]) => {
      if (leader < 0) {
        const { topic, partition } = members[0]!
        throw new KafkaUnreachableError(`${topic}[${partition}] has no leader now`)
      }
      return askLeader(connections, leader, members, at)
    }),
  )
  return answers.flat()
}

async function askLeader(
  connections: BrokerConnections,
  leader: number,
  partitions: readonly TopicPartition[],
  at: number,
): Promise<PartitionOffset[]> {
  const topics = [...Map.groupBy(partitions, (each) => each.topic)].map(([name, members]) => ({
    name,
    partitions: members.map(({ partition }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp: BigInt(at),
    })),
  }))
  const connection = await connections.to(leader)
  const response: listOffsetsV7.ListOffsetsResponse = await callBroker(
    connection,
    listOffsetsV7.api,
    ANY_REPLICA,
    READ_COMMITTED,
    topics,
  )
  return response.topics.flatMap(({ name, partitions: answered }) =>
    answered.map(({ partitionIndex, errorCode, offset }) => {
      if (errorCode !== 0) throw new KafkaError(errorCode, `asking for an offset of ${name}[${partitionIndex}]`)
      return { topic: name, partition: partitionIndex, offset: Number(offset) }
    }),
  )
}
