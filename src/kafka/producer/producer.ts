import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import { partitionOfKey } from '../wire/murmur2.ts'
import { BATCH_OVERHEAD_BYTES, type ProducerRecord, recordBytes } from '../wire/record-batch-encode.ts'
import { MemoryGate } from './memory-gate.ts'
import { PartitionQueue } from './partition-queue.ts'
import type { ProducerObserver } from './producer-observer.ts'
import { type ProducerOptions, producerOptions } from './producer-options.ts'
import { BatchSender } from './send-batches.ts'

/** Where a record was written. `offset` is -1 if the broker confirmed a repetition whose place it has forgotten. */
export interface RecordPosition {
  readonly partition: number
  readonly offset: number
}

/**
 * Writes records to Kafka: gathers them per partition, sends each broker what is due in one request, and retries in
 * order until the delivery deadline.
 *
 * Two records of one partition are acknowledged in the order of their `send` calls, and if one fails, so do all that
 * were sent to its partition after it and before its failure was reported; but where the broker refuses the record
 * itself (`isRecordFault` of the KafkaError), those after it go on.
 */
export class Producer {
  readonly #cluster: Cluster
  readonly #options: ProducerOptions
  readonly #memory: MemoryGate
  readonly #connections: BrokerConnections
  readonly #sender: BatchSender
  readonly #observer: ProducerObserver
  readonly #queues = new Map<string, PartitionQueue[]>()
  #closing = false

  constructor(cluster: Cluster, options: ProducerOptions = producerOptions('safe'), observer: ProducerObserver = {}) {
    this.#cluster = cluster
    this.#options = options
    this.#memory = new MemoryGate(options.bufferBytesMax, options.blockMsMax)
    this.#connections = cluster.connections(options.requestTimeoutMs)
    this.#sender = new BatchSender(cluster, this.#connections, options, this.#memory, observer)
    this.#observer = observer
  }

  /** Bytes that are buffered or in flight, and callers that wait for room. */
  get buffered(): { bytes: number; callersWaiting: number } {
    return { bytes: this.#memory.bytes, callersWaiting: this.#memory.waiting }
  }

  /**
   * Learns the topics' partitions and takes a producer id. A broker that has just come back knows no topics for a
   * moment, so all are waited for. Throws KafkaUnreachableError, or KafkaError for a topic that there is not, after 30
   * s.
   */
  async start(topics: readonly string[]): Promise<void> {
    await retryCall(async () => {
      await this.#cluster.watch(topics)
      const unknown = topics.find((topic) => this.#queuesOf(topic).length === 0)
      if (unknown !== undefined) throw unknownTopic(unknown)
    })
    await this.#sender.start()
  }

  /**
   * Resolves when Kafka has acknowledged the record. Throws KafkaError, DeliveryTimeoutError or BufferFullError;
   * after a DeliveryTimeoutError the record may or may not have been written.
   */
  send(record: ProducerRecord): Promise<RecordPosition> {
    if (this.#closing) return Promise.reject(new Error('the producer is closed'))
    const bytes = recordBytes(record)
    if (bytes + BATCH_OVERHEAD_BYTES > this.#options.requestBytesMax) {
      return Promise.reject(
        new KafkaError(KafkaCode.MESSAGE_TOO_LARGE, `a record of ${bytes} bytes to ${record.topic}`, true),
      )
    }
    const queue = this.#queueFor(record)
    if (queue instanceof Error) return Promise.reject(queue)
    const append = (): Promise<RecordPosition> => this.#append(queue, record, bytes)
    return this.#memory.tryEnter(bytes) ? append() : this.#memory.enter(bytes, queue, append)
  }

  /** How many partitions the topic is known to have; 0 when it is not known. */
  partitionsOf(topic: string): number {
    return this.#cluster.topic(topic)?.partitions.length ?? 0
  }

  /** Sends pending records without lingering, and resolves when all of it is acknowledged or has failed. */
  flush(): Promise<void> {
    return this.#sender.flush()
  }

  /** Takes no more, sends pending records, and closes the connections. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    await this.#sender.flush()
    this.#sender.stop()
    await this.#connections.close()
    this.#observer.closed?.()
  }

  #append(queue: PartitionQueue, record: ProducerRecord, bytes: number): Promise<RecordPosition> {
    const batch = queue.append(record, bytes, Date.now())
    const index = batch.count - 1
    const { partition } = queue
    this.#sender.enqueue(queue)
    return batch.acknowledged.then((base) => ({ partition, offset: base < 0 ? -1 : base + index }))
  }

  /** The queue of the record's partition, or why there is none. */
  #queueFor({ topic, key, partition }: ProducerRecord): PartitionQueue | Error {
    const queues = this.#queuesOf(topic)
    if (queues.length === 0) return unknownTopic(topic)
    const queue = queues[partition ?? choosePartition(key, queues.length)]
    return queue ?? new RangeError(`${topic} has ${queues.length} partitions: there is no ${partition}`)
  }

  /** The topic's queues, as many as it has partitions by now. A topic may grow while we write to it. */
  #queuesOf(topic: string): PartitionQueue[] {
    let queues = this.#queues.get(topic)
    if (!queues) {
      queues = []
      this.#queues.set(topic, queues)
    }
    const partitions = this.#cluster.topic(topic)?.partitions.length ?? 0
    while (queues.length < partitions) queues.push(new PartitionQueue(topic, queues.length, this.#options))
    return queues
  }
}

function choosePartition(key: string | Buffer | null, partitions: number): number {
  return key === null ? Math.floor(Math.random() * partitions) : partitionOfKey(key, partitions)
}

function unknownTopic(topic: string): KafkaError {
  return new KafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `sending to ${topic}`)
}
