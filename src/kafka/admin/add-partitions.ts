import { createPartitionsV3 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError } from '../errors.ts'

const TIMEOUT_MS = 30_000

/**
 * Adds partitions to a topic, each with the replicas given for it, the preferred leader first, and waits until each has
 * a leader. Throws KafkaError when the cluster refuses, and then nothing was changed.
 */
export async function addPartitions(
  cluster: Cluster,
  topic: string,
  partitions: number,
  replicasOfNew: readonly (readonly number[])[],
): Promise<void> {
  const assignments = replicasOfNew.map((brokerIds) => ({ brokerIds: [...brokerIds] }))
  const response: createPartitionsV3.CreatePartitionsResponse = await callBroker(
    await cluster.anyConnection(),
    createPartitionsV3.api,
    [{ name: topic, count: partitions, assignments }],
    TIMEOUT_MS,
    false,
  )
  for (const { errorCode, errorMessage } of response.results) {
    if (errorCode === KafkaCode.NONE) continue
    throw new KafkaError(errorCode, `adding partitions to ${topic}${errorMessage ? ` (${errorMessage})` : ''}`)
  }
  await retryCall(async () => {
    await cluster.watch([topic])
    await cluster.refresh()
    const known = cluster.topic(topic)?.partitions ?? []
    if (known.length >= partitions && known.every(({ leader }) => leader >= 0)) return
    throw new KafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `waiting for the new partitions of ${topic}`)
  })
}
