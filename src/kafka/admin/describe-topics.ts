import { describeConfigsV4 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError } from '../errors.ts'

const TOPIC_RESOURCE = 2

/** A topic as the cluster has it. `configs` are the values in force, defaults included. */
export interface DescribedTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

/** Those of the named topics that exist. Throws KafkaError or KafkaUnreachableError. */
export async function describeTopics(cluster: Cluster, names: readonly string[]): Promise<Map<string, DescribedTopic>> {
  await retryCall(() => cluster.watch(names))
  const known = names.filter((name) => cluster.topic(name))
  if (known.length === 0) return new Map()
  const configs = await retryCall(() => describeConfigs(cluster, known))
  return new Map(
    known.map((name) => {
      const { partitions } = cluster.topic(name)!
      const replicationFactor = Math.min(...partitions.map(({ replicas }) => replicas.length))
      return [name, { name, partitions: partitions.length, replicationFactor, configs: configs.get(name) ?? new Map() }]
    }),
  )
}

async function describeConfigs(cluster: Cluster, names: readonly string[]): Promise<Map<string, Map<string, string>>> {
  const connection = await cluster.anyConnection()
  const response: describeConfigsV4.DescribeConfigsResponse = await callBroker(
    connection,
    describeConfigsV4.api,
    names.map((resourceName) => ({ resourceType: TOPIC_RESOURCE, resourceName })),
    false,
    false,
  )
  return new Map(
    response.results.map(({ errorCode, resourceName, configs }) => {
      if (errorCode !== KafkaCode.NONE) throw new KafkaError(errorCode, `describing topic ${resourceName}`)
      return [resourceName, new Map(configs.map(({ name, value }) => [name, value ?? '']))]
    }),
  )
}
