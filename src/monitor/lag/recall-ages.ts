import { readRecord } from '../../kafka/admin/read-record.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { recordAgeMs } from '../../kafka/consumer/lanes/record-age.ts'
import type { LagHistory } from './lag-history.ts'
import type { PartitionLag } from './read-lag.ts'

/** Each costs a request, and may have to read a whole batch. */
const RECALLED_MAX = 20

/**
 * Reads when records were produced that are older than what was watched, some at a time: so a monitor that has just
 * started knows how far behind a group is, and need not guess. What cannot be read now stays a guess.
 */
export async function recallAges(cluster: Cluster, connections: BrokerConnections, history: LagHistory): Promise<void> {
  await Promise.all(
    history.beyondReach(RECALLED_MAX).map(async (lag) => {
      const producedMs = await readProducedMs(cluster, connections, lag).catch(() => null)
      if (producedMs !== null) history.remember(lag, producedMs)
    }),
  )
}

/**
 * When the next record that the group would read was stamped; null when there is none, or its timestamp gives no age.
 * Throws KafkaError or KafkaUnreachableError.
 */
export async function readProducedMs(
  cluster: Cluster,
  connections: BrokerConnections,
  lag: PartitionLag,
): Promise<number | null> {
  const record = await readRecord(cluster, connections, lag, Math.max(lag.currentOffset, lag.logStartOffset))
  return record && recordAgeMs(record.timestampMs, Date.now()) !== null ? record.timestampMs : null
}
