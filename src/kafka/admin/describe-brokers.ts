import { sendToBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import {
  DESCRIBE_CLUSTER_API_KEY,
  DESCRIBE_CLUSTER_VERSION,
  encodeDescribeClusterRequest,
  parseDescribeClusterResponse,
  type RegisteredBroker,
} from '../wire/describe-cluster-v2.ts'

/**
 * The brokers that belong to the cluster, unavailable ones included, by id. Throws KafkaError or KafkaUnreachableError.
 */
export async function describeBrokers(cluster: Cluster): Promise<RegisteredBroker[]> {
  const { code, message, brokers } = await sendToBroker(
    await cluster.anyConnection(),
    DESCRIBE_CLUSTER_API_KEY,
    DESCRIBE_CLUSTER_VERSION,
    encodeDescribeClusterRequest,
    parseDescribeClusterResponse,
  )
  if (code !== KafkaCode.NONE) throw new KafkaError(code, `describing the cluster${message ? ` (${message})` : ''}`)
  return [...brokers].sort((a, b) => a.nodeId - b.nodeId)
}
