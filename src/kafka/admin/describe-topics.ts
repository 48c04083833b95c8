import type { Cluster, PartitionMetadata, TopicMetadata } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { type ConfigEntry, describeTopicConfigs } from './describe-configs.ts'

/** A topic as the cluster has it. `configs` are the values in force, defaults included. */
export interface DescribedTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
  /** Names of those configs that are set on the topic itself. */
  readonly overrides: ReadonlySet<string>
  /** Each partition's replicas, the preferred leader first, and which of them are in sync. */
  readonly layout: readonly PartitionMetadata[]
}

/** Those of the named topics that exist, as they are now. Throws KafkaError or KafkaUnreachableError. */
export async function describeTopics(cluster: Cluster, names: readonly string[]): Promise<Map<string, DescribedTopic>> {
  // All of it again when a broker does not know a topic: it may have been deleted since another was asked.
  return await retryCall(async () => {
    await cluster.watch(names)
    await cluster.refresh()
    const known = names.filter((name) => cluster.topic(name))
    if (known.length === 0) return new Map()
    const configs = await describeTopicConfigs(cluster, known)
    return new Map(known.map((name) => [name, describe(cluster.topic(name)!, configs.get(name) ?? [])]))
  })
}

function describe({ name, partitions: layout }: TopicMetadata, entries: readonly ConfigEntry[]): DescribedTopic {
  return {
    name,
    partitions: layout.length,
    replicationFactor: Math.min(...layout.map(({ replicas }) => replicas.length)),
    configs: new Map(entries.map((entry) => [entry.name, entry.value])),
    overrides: new Set(entries.filter(({ isSetOnTopic }) => isSetOnTopic).map((entry) => entry.name)),
    layout,
  }
}
