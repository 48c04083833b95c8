import { alterPartitionReassignmentsV0, listPartitionReassignmentsV0 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'

const TIMEOUT_MS = 30_000
/** `NO_REASSIGNMENT_IN_PROGRESS`: it ended before it could be cancelled. */
const NOTHING_TO_CANCEL = 85

/** Where a partition's replicas ought to be, the preferred leader first; null cancels what is under way. */
export interface TargetReplicas extends TopicPartition {
  readonly replicas: readonly number[] | null
}

/** A reassignment under way: `adding` still copy, `removing` leave when they have. */
export interface Reassignment extends TopicPartition {
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

/** Asks the controller to move replicas. It goes on by itself afterwards. Throws KafkaError for the first refused. */
export async function reassignPartitions(cluster: Cluster, targets: readonly TargetReplicas[]): Promise<void> {
  const topics = [...Map.groupBy(targets, ({ topic }) => topic)].map(([name, members]) => ({
    name,
    partitions: members.map(({ partition, replicas }) => ({
      partitionIndex: partition,
      replicas: replicas === null ? null : [...replicas],
    })),
  }))
  const response: alterPartitionReassignmentsV0.AlterPartitionReassignmentsResponse = await callBroker(
    await cluster.anyConnection(),
    alterPartitionReassignmentsV0.api,
    TIMEOUT_MS,
    true,
    topics,
  )
  if (response.errorCode !== KafkaCode.NONE) throw new KafkaError(response.errorCode, 'reassigning partitions')
  for (const { name, partitions } of response.responses) {
    for (const { partitionIndex, errorCode, errorMessage } of partitions) {
      if (errorCode === KafkaCode.NONE || errorCode === NOTHING_TO_CANCEL) continue
      const why = errorMessage ? ` (${errorMessage})` : ''
      throw new KafkaError(errorCode, `reassigning ${name}[${partitionIndex}]${why}`)
    }
  }
}

/** Every reassignment under way in the cluster. Throws KafkaError or KafkaUnreachableError. */
export async function listReassignments(cluster: Cluster): Promise<Reassignment[]> {
  const response: listPartitionReassignmentsV0.ListPartitionReassignmentsResponse = await callBroker(
    await cluster.anyConnection(),
    listPartitionReassignmentsV0.api,
    TIMEOUT_MS,
    null,
  )
  if (response.errorCode !== KafkaCode.NONE) throw new KafkaError(response.errorCode, 'listing reassignments')
  return response.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      adding: addingReplicas,
      removing: removingReplicas,
    })),
  )
}
