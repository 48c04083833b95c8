import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import { commitOffsets } from './commit-offsets.ts'
import { type CommittedOffset, committedOffsets } from './read-groups.ts'

/** The group that read a topic before, and the group that does now. */
export interface GroupSuccession {
  readonly topic: string
  readonly from: string
  readonly to: string
}

/**
 * Gives a group that has committed nothing of a topic the offsets of the group that read the topic before it, with what
 * is noted of records done beyond them: none is skipped, and none handled again. To be called before the group's first
 * member joins; of several callers one copies. What the former group commits afterwards is not taken over. Resolves
 * with how many partitions were copied; 0 if there was nothing to do. Throws KafkaError or KafkaUnreachableError.
 */
export function inheritOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  succession: GroupSuccession,
): Promise<number> {
  // A new cluster creates the offsets topic at the first FindCoordinator.
  return retryCall(() => inherit(cluster, connections, succession))
}

async function inherit(
  cluster: Cluster,
  connections: BrokerConnections,
  { topic, from, to }: GroupSuccession,
): Promise<number> {
  const offsetsOf = async (group: string): Promise<CommittedOffset[]> =>
    (await committedOffsets(cluster, connections, [group])).filter((each) => each.topic === topic)
  // In this order: once the group has its own, it needs no access to the former one.
  if ((await offsetsOf(to)).length > 0) return 0
  const inherited = await offsetsOf(from)
  if (inherited.length === 0) return 0
  try {
    await commitOffsets(cluster, connections, to, inherited)
  } catch (error) {
    // The group has members by now: another process copied, and joined.
    if (error instanceof KafkaError && error.code === KafkaCode.UNKNOWN_MEMBER_ID) return 0
    throw error
  }
  return inherited.length
}
