import { createTopicsV7 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError } from '../errors.ts'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs?: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 30_000

/**
 * Creates topics and waits until each partition has a leader. One that exists already, because another process was
 * quicker, is left as it is. Throws KafkaError for the first that is refused.
 */
export async function createTopics(cluster: Cluster, topics: readonly NewTopic[]): Promise<void> {
  if (topics.length === 0) return
  await retryCall(() => requestTopics(cluster, topics))
  await retryCall(async () => {
    await cluster.watch(topics.map(({ name }) => name))
    const waiting = topics.find(({ name }) => !hasLeaders(cluster, name))
    if (!waiting) return
    await cluster.refresh()
    if (!hasLeaders(cluster, waiting.name)) {
      throw new KafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `waiting for the leaders of ${waiting.name}`)
    }
  })
}

async function requestTopics(cluster: Cluster, topics: readonly NewTopic[]): Promise<void> {
  const request = topics.map(({ name, partitions, replicationFactor, configs = {} }) => ({
    name,
    numPartitions: partitions,
    replicationFactor,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }))
  const connection = await cluster.anyConnection()
  const response: createTopicsV7.CreateTopicsResponse = await callBroker(
    connection,
    createTopicsV7.api,
    request,
    TIMEOUT_MS,
    false,
  )
  for (const { name, errorCode, errorMessage } of response.topics) {
    if (errorCode === KafkaCode.NONE || errorCode === KafkaCode.TOPIC_ALREADY_EXISTS) continue
    throw new KafkaError(errorCode, `creating topic ${name}${errorMessage ? ` (${errorMessage})` : ''}`)
  }
}

function hasLeaders(cluster: Cluster, name: string): boolean {
  const partitions = cluster.topic(name)?.partitions ?? []
  return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
}
