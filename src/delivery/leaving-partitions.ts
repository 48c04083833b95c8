import type { TopicPartition } from '../kafka/wire/consumer-protocol.ts'

/**
 * Partitions that this worker gives up, or has given up: none of their tasks may wait for a slot here. A handler that
 * waited for the database meanwhile comes to the queue after all others were refused.
 */
export class LeavingPartitions {
  readonly #names = new Set<string>()

  leave(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) this.#names.add(nameOf(each))
  }

  /** They are this worker's, perhaps again. */
  come(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) this.#names.delete(nameOf(each))
  }

  has(one: TopicPartition): boolean {
    return this.#names.has(nameOf(one))
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`
}
