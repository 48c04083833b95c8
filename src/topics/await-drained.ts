import { committedOffsets, listGroups } from '../kafka/admin/read-groups.ts'
import type { BrokerConnections, Cluster } from '../kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../kafka/consumer/fetch/list-offsets.ts'
import { sleep } from '../runtime/backoff.ts'
import { ExpectedError } from '../runtime/expected-error.ts'

const POLL_MS = 200
const PROGRESS_MS = 5_000

/**
 * Waits until every group that has ever committed on the topic has read it to its end. A group without members counts
 * too, since its place in the order matters as much. Throws ExpectedError that names the groups that are behind.
 */
export async function awaitDrained(
  cluster: Cluster,
  topic: string,
  forMsMax: number,
  progress: (what: string) => void,
): Promise<void> {
  const connections = cluster.connections()
  const deadlineMs = Date.now() + forMsMax
  let reportedMs = 0
  try {
    while (true) {
      const behind = await groupsBehind(cluster, connections, topic)
      if (behind.size === 0) return
      const client = [...behind].map(([group, records]) => `${group} (${records} records)`).join(', ')
      if (Date.now() > deadlineMs) {
        throw new ExpectedError(
          `${topic} was not drained in ${forMsMax / 1_000} s, and no partition was added. Behind: ${client}. ` +
            'See `smsgw lag`; stop the relays or the groups that are not needed, or wait longer: --drain-seconds',
        )
      }
      if (Date.now() - reportedMs >= PROGRESS_MS) {
        reportedMs = Date.now()
        progress(`waiting for ${client}`)
      }
      await sleep(POLL_MS)
    }
  } finally {
    await connections.close()
  }
}

/** How many records of the topic each group has still to read; those that have none are left out. */
async function groupsBehind(
  cluster: Cluster,
  connections: BrokerConnections,
  topic: string,
): Promise<Map<string, number>> {
  const groups = await listGroups(cluster, connections)
  const committed = await committedOffsets(
    cluster,
    connections,
    groups.map(({ groupId }) => groupId),
  )
  const ofTopic = committed.filter((each) => each.topic === topic)
  const partitions = cluster.topic(topic)!.partitions.map(({ partition }) => ({ topic, partition }))
  const ends = await listOffsets(cluster, connections, partitions, LATEST)
  const behind = new Map<string, number>()
  for (const [group, members] of Map.groupBy(ofTopic, ({ groupId }) => groupId)) {
    const offsetOf = new Map(members.map(({ partition, offset }) => [partition, offset]))
    const records = ends.reduce((sum, { partition, offset }) => {
      // A partition on which the group has committed nothing is one that it has not read, unless it is empty.
      return sum + Math.max(0, offset - (offsetOf.get(partition) ?? 0))
    }, 0)
    if (records > 0) behind.set(group, records)
  }
  return behind
}
