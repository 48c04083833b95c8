import { deleteTopicsV6 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'

const TIMEOUT_MS = 30_000

/** Deletes a topic and every record in it. Throws KafkaError. */
export async function deleteTopic(cluster: Cluster, topic: string): Promise<void> {
  const response: deleteTopicsV6.DeleteTopicsResponse = await callBroker(
    await cluster.anyConnection(),
    deleteTopicsV6.api,
    [{ name: topic }],
    TIMEOUT_MS,
  )
  for (const { errorCode, errorMessage } of response.responses) {
    if (errorCode === KafkaCode.NONE) continue
    throw new KafkaError(errorCode, `deleting topic ${topic}${errorMessage ? ` (${errorMessage})` : ''}`)
  }
}
