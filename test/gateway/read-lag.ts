import type { BrokerConnections, Cluster } from '../../src/kafka/cluster/cluster.ts'
import { type PartitionLag, sampleLag } from '../../src/monitor/lag/read-lag.ts'

/** The lag of every group and partition with a committed offset, or of one group, as the monitor samples it. */
export async function readLag(
  cluster: Cluster,
  connections: BrokerConnections,
  only?: string,
): Promise<readonly PartitionLag[]> {
  return (await sampleLag(cluster, connections, { only })).lags
}
