import type { DescribedTopic } from '../kafka/admin/describe-topics.ts'
import type { DeclaredTopic } from './topics-file.ts'

/** In what a topic is not as declared. */
export interface TopicDifference {
  readonly topic: string
  /** `partitions`, `replication_factor`, or the name of a config. */
  readonly what: string
  readonly declared: string
  readonly actual: string
}

type ComparableTopic = Pick<DescribedTopic, 'partitions' | 'replicationFactor' | 'configs'>

export const MIN_IN_SYNC = 'min.insync.replicas'

/**
 * A declared topic as a cluster of so many brokers can have it: no more replicas than brokers, and as many that must
 * be in sync as leave one spare.
 */
export function fitToBrokers(topic: DeclaredTopic, brokers: number): DeclaredTopic {
  if (topic.replicationFactor <= brokers) return topic
  const declared = topic.configs[MIN_IN_SYNC]
  const minInSync = Math.max(1, Math.min(Number(declared ?? 1), brokers - 1))
  return {
    ...topic,
    replicationFactor: brokers,
    configs: declared === undefined ? topic.configs : { ...topic.configs, [MIN_IN_SYNC]: String(minInSync) },
  }
}

/** All in which a topic differs from what is declared. Configs that the file does not name may be anything. */
export function compareTopic(declared: DeclaredTopic, actual: ComparableTopic): TopicDifference[] {
  const differences: TopicDifference[] = []
  const compare = (what: string, want: string, have: string): void => {
    if (want !== have) differences.push({ topic: declared.name, what, declared: want, actual: have })
  }
  compare('partitions', String(declared.partitions), String(actual.partitions))
  compare('replication_factor', String(declared.replicationFactor), String(actual.replicationFactor))
  for (const [name, value] of Object.entries(declared.configs)) compare(name, value, actual.configs.get(name) ?? '')
  return differences
}
