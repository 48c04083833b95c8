import { createTopics } from '../kafka/admin/create-topics.ts'
import { describeTopics } from '../kafka/admin/describe-topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { compareTopic, fitToBrokers, type TopicDifference } from './compare-topics.ts'
import type { DeclaredTopic } from './topics-file.ts'

export interface EnsuredTopics {
  readonly created: readonly string[]
  readonly differences: readonly TopicDifference[]
}

/** Creates the topics that are missing and compares the others; differences are reported, never changed. */
export async function ensureTopics(cluster: Cluster, declared: readonly DeclaredTopic[]): Promise<EnsuredTopics> {
  const names = declared.map(({ name }) => name)
  const before = await describeTopics(cluster, names)
  const wanted = declared.map((topic) => fitToBrokers(topic, cluster.brokerIds.length))
  const missing = wanted.filter(({ name }) => !before.has(name))
  await createTopics(cluster, missing)
  const differences = wanted.flatMap((topic) => {
    const actual = before.get(topic.name)
    return actual ? compareTopic(topic, actual) : []
  })
  return { created: missing.map(({ name }) => name), differences }
}
