import type { Cluster } from '../../cluster/cluster.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerObserver } from '../consumer-observer.ts'

/** Notices topics that are gone, or that were made again under the same name, by what the cluster knows of them. */
export class TopicWatch {
  readonly #cluster: Cluster
  readonly #topics: readonly string[]
  readonly #observer: ConsumerObserver
  readonly #missing = new Set<string>()

  constructor(cluster: Cluster, topics: readonly string[], observer: ConsumerObserver) {
    this.#cluster = cluster
    this.#topics = topics
    this.#observer = observer
  }

  /** Reports topics that have gone missing. Returns the partitions whose topic is another one by now. */
  look(partitions: Iterable<AssignedPartition>): AssignedPartition[] {
    for (const topic of this.#topics) {
      if (this.#cluster.topic(topic)) this.#missing.delete(topic)
      else if (!this.#missing.has(topic)) {
        this.#missing.add(topic)
        this.#observer.topicMissing?.(topic)
      }
    }
    const replaced = [...partitions].filter(({ topic, topicId, active }) => {
      const now = this.#cluster.topic(topic)
      return active && now !== undefined && now.topicId !== topicId
    })
    for (const topic of new Set(replaced.map((each) => each.topic))) this.#observer.topicReplaced?.(topic)
    return replaced
  }
}
