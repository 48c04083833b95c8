import { metadataV12 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'

/** The names of all topics that are not Kafka's own, in their order. Throws KafkaUnreachableError. */
export async function listTopics(cluster: Cluster): Promise<string[]> {
  const response: metadataV12.MetadataResponse = await callBroker(
    await cluster.anyConnection(),
    metadataV12.api,
    null,
    false,
    false,
  )
  return response.topics
    .filter(({ errorCode, isInternal, name }) => errorCode === 0 && !isInternal && name !== null)
    .map(({ name }) => name as string)
    .sort()
}
