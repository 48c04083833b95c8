import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../consumer/fetch/list-offsets.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import { committedOffsets } from './read-groups.ts'

/** Where a log begins and ends, and what a consumer group has committed of it; null if nothing yet. */
export interface PartitionProgress {
  readonly startOffset: number
  readonly endOffset: number
  readonly committedOffset: number | null
}

/**
 * Where each partition of a topic begins and ends, and what the group has committed of it, in the order of their
 * numbers. The ends are as of a moment after the call. Throws KafkaError or KafkaUnreachableError.
 */
export async function readProgress(
  cluster: Cluster,
  connections: BrokerConnections,
  topic: string,
  groupId: string,
): Promise<PartitionProgress[]> {
  await cluster.watch([topic])
  await cluster.refresh()
  const partitions = cluster.topic(topic)?.partitions.map(({ partition }) => ({ topic, partition }))
  if (!partitions)
    throw new KafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `asking how far ${groupId} is in ${topic}`)
  const committed = await committedOffsets(cluster, connections, [groupId])
  const starts = await listOffsets(cluster, connections, partitions, EARLIEST)
  const ends = await listOffsets(cluster, connections, partitions, LATEST)
  const byPartition = (offsets: readonly { topic: string; partition: number; offset: number }[]) =>
    new Map(offsets.filter((each) => each.topic === topic).map(({ partition, offset }) => [partition, offset]))
  const [committedOf, startOf, endOf] = [byPartition(committed), byPartition(starts), byPartition(ends)]
  return partitions.map(({ partition }) => ({
    startOffset: startOf.get(partition)!,
    endOffset: endOf.get(partition)!,
    committedOffset: committedOf.get(partition) ?? null,
  }))
}

/**
 * Whether the group has read up to there. A commit beyond the end is of a log that was cut off since: its group begins
 * at the start again. What the topic has dropped counts as read.
 */
export function hasPassed(progress: PartitionProgress, targetOffset: number): boolean {
  const { startOffset, endOffset, committedOffset } = progress
  const isValid = committedOffset !== null && committedOffset <= endOffset
  const readUpTo = isValid ? Math.max(committedOffset, startOffset) : startOffset
  return readUpTo >= Math.min(targetOffset, endOffset)
}
