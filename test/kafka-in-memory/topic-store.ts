import { randomUUID } from 'node:crypto'
import { KafkaCode } from '../../src/kafka/errors.ts'
import { PartitionLog } from './partition-log.ts'

/** Kafka's default of `max.message.bytes`. */
const BATCH_BYTES_MAX = 1_048_588

export interface StoredTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: PartitionLog[]
}

/** The topics of a broker. A topic that is deleted and created again is another one, with another id. */
export class TopicStore {
  readonly #byName = new Map<string, StoredTopic>()
  readonly #batchBytesMax = new WeakMap<StoredTopic, number>()
  readonly #waiting = new Set<() => void>()

  get all(): readonly StoredTopic[] {
    return [...this.#byName.values()]
  }

  named(name: string): StoredTopic | undefined {
    return this.#byName.get(name)
  }

  withId(topicId: string): StoredTopic | undefined {
    return this.all.find((topic) => topic.topicId === topicId)
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#byName.get(name)?.partitions[partition]
  }

  /** Returns the code of the answer. */
  create(name: string, partitions: number, configs: ReadonlyMap<string, string | null> = new Map()): number {
    if (this.#byName.has(name)) return KafkaCode.TOPIC_ALREADY_EXISTS
    const topic: StoredTopic = { name, topicId: randomUUID(), partitions: [] }
    this.#batchBytesMax.set(topic, Number(configs.get('max.message.bytes') ?? BATCH_BYTES_MAX))
    this.#byName.set(name, topic)
    this.grow(name, partitions)
    return KafkaCode.NONE
  }

  /** Adds partitions up to `count`. Returns the code of the answer. */
  grow(name: string, count: number): number {
    const topic = this.#byName.get(name)
    if (!topic) return KafkaCode.UNKNOWN_TOPIC_OR_PARTITION
    const batchBytesMax = this.#batchBytesMax.get(topic)!
    while (topic.partitions.length < count) topic.partitions.push(new PartitionLog(batchBytesMax))
    return KafkaCode.NONE
  }

  /** Returns the code of the answer. */
  delete(name: string): number {
    return this.#byName.delete(name) ? KafkaCode.NONE : KafkaCode.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Ends the waits of `untilAppended`. */
  noteAppended(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves when a record was appended to any partition, or after `msMax`. */
  async untilAppended(msMax: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, msMax)
    this.#waiting.add(resolve)
    await promise
    clearTimeout(timer)
    this.#waiting.delete(resolve)
  }
}
