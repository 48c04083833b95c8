import { sendToBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { DeliveryTimeoutError, KafkaCode, KafkaError, REFUSED_FOR_RECORD } from '../errors.ts'
import {
  encodeProduceRequest,
  PRODUCE_API_KEY,
  PRODUCE_VERSION,
  type ProduceResult,
  parseProduceResponse,
} from '../wire/produce-v9.ts'
import type { Batch } from './batch.ts'
import type { MemoryGate } from './memory-gate.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { NO_IDENTITY, type ProducerIdentity, requestIdentity } from './producer-identity.ts'
import type { ProducerObserver } from './producer-observer.ts'
import type { ProducerOptions } from './producer-options.ts'

/** Codes by which a broker says that it has lost count of this producer; it has then not written the batch. */
const LOST_COUNT = new Set<number>([
  KafkaCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  KafkaCode.UNKNOWN_PRODUCER_ID,
  KafkaCode.INVALID_PRODUCER_EPOCH,
])

const METADATA_AGE_MS_MAX = 30_000
/** Back-offs vary by this share either way, so that producers do not come back together (as in Kafka's own client). */
const BACKOFF_JITTER = 0.2

/** A batch that was sent and awaits its answer; by then its queue may have given it up. */
interface Flight {
  readonly queue: PartitionQueue
  readonly batch: Batch
}

/**
 * Sends batches when they are due.
 *
 * A round looks at every partition with work. A partition is ready when its oldest batch is full, has lingered, or is a
 * retry whose back-off has ended. Once a broker gets a request anyway, the waiting batches of its other partitions go
 * along: one round trip serves all. Requests to one broker may overlap, but never hold the same partition twice.
 */
export class BatchSender {
  readonly #cluster: Cluster
  readonly #connections: BrokerConnections
  readonly #options: ProducerOptions
  readonly #memory: MemoryGate
  readonly #observer: ProducerObserver
  readonly #waiting = new Set<PartitionQueue>()
  readonly #requestsPerBroker = new Map<number, number>()
  readonly #idle: (() => void)[] = []
  #identity: ProducerIdentity = NO_IDENTITY
  #renewing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #timerAtMs = Number.POSITIVE_INFINITY
  #metadataTimer: NodeJS.Timeout | null = null
  #flushing = 0
  #stopped = false

  constructor(
    cluster: Cluster,
    connections: BrokerConnections,
    options: ProducerOptions,
    memory: MemoryGate,
    observer: ProducerObserver,
  ) {
    this.#cluster = cluster
    this.#connections = connections
    this.#options = options
    this.#memory = memory
    this.#observer = observer
  }

  async start(): Promise<void> {
    if (this.#options.idempotent) this.#identity = await retryCall(() => requestIdentity(this.#cluster))
    this.#metadataTimer ??= setInterval(() => this.#refreshMetadata(), METADATA_AGE_MS_MAX).unref()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#metadataTimer) clearInterval(this.#metadataTimer)
  }

  /** The queue has something to send. */
  enqueue(queue: PartitionQueue): void {
    this.#waiting.add(queue)
    if (!queue.inFlight) this.#wakeAt(this.#dueAtMs(queue))
  }

  async flush(): Promise<void> {
    this.#flushing++
    this.#wakeAt(0)
    while (this.#waiting.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#flushing--
  }

  #dueAtMs(queue: PartitionQueue): number {
    const lingerMs = this.#flushing > 0 ? 0 : this.#options.lingerMs
    return queue.dueAtMs(lingerMs)
  }

  #wakeAt(atMs: number): void {
    if (this.#stopped || atMs >= this.#timerAtMs) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#timerAtMs = Number.POSITIVE_INFINITY
        this.#round()
      },
      Math.max(0, atMs - Date.now()),
    )
  }

  #round(): void {
    if (this.#stopped) return
    const nowMs = Date.now()
    const byLeader = new Map<number, PartitionQueue[]>()
    const ready = new Set<number>()
    let nextAtMs = Number.POSITIVE_INFINITY
    for (const queue of this.#waiting) {
      if (this.#expire(queue, nowMs)) continue
      nextAtMs = Math.min(nextAtMs, this.#deadlineMs(queue.oldest!))
      if (queue.inFlight || this.#renewing) continue
      const dueAtMs = this.#dueAtMs(queue)
      const leader = this.#cluster.leaderOf(queue.topic, queue.partition)
      if (leader === undefined) {
        if (dueAtMs <= nowMs) this.#backOff(queue, nowMs)
        nextAtMs = Math.min(nextAtMs, this.#dueAtMs(queue))
        continue
      }
      if ((this.#requestsPerBroker.get(leader) ?? 0) >= this.#options.inFlightRequestsPerBrokerMax) continue
      if (dueAtMs <= nowMs) ready.add(leader)
      else nextAtMs = Math.min(nextAtMs, dueAtMs)
      if (queue.retryAtMs <= nowMs) pushTo(byLeader, leader, queue)
    }
    for (const leader of ready) void this.#sendTo(leader, byLeader.get(leader)!, nowMs)
    if (nextAtMs < Number.POSITIVE_INFINITY) this.#wakeAt(nextAtMs)
  }

  #deadlineMs(batch: Batch): number {
    return batch.createdAtMs + this.#options.deliveryTimeoutMs
  }

  /**
   * Fails what has outlived its deadline. If it is under way it may yet be written, and the queue sends nothing else
   * before its answer has come or cannot come any more.
   */
  #expire(queue: PartitionQueue, nowMs: number): boolean {
    const oldest = queue.oldest!
    if (nowMs < this.#deadlineMs(oldest)) return false
    if (queue.inFlight) oldest.unclear = true
    const where = `${queue.topic}[${queue.partition}]`
    const tries = oldest.attempts === 1 ? '1 attempt' : `${oldest.attempts} attempts`
    this.#fail(
      queue,
      new DeliveryTimeoutError(`${where}: not acknowledged in ${nowMs - oldest.createdAtMs} ms, ${tries}`),
    )
    return true
  }

  async #sendTo(leader: number, candidates: readonly PartitionQueue[], sentAtMs: number): Promise<void> {
    const flights = this.#board(candidates)
    this.#requestsPerBroker.set(leader, (this.#requestsPerBroker.get(leader) ?? 0) + 1)
    try {
      const results = await this.#request(leader, flights)
      const roundTripMs = Date.now() - sentAtMs
      const answered = new Map(results.map((result) => [`${result.topic} ${result.partition}`, result]))
      for (const flight of flights) {
        const { topic, partition } = flight.queue
        const result = answered.get(`${topic} ${partition}`)
        if (result) this.#settle(flight, result, roundTripMs)
        else this.#retry(flight, new KafkaError(-1, `${topic}[${partition}] is missing in the answer`))
      }
    } catch (error) {
      for (const flight of flights) this.#retry(flight, error as Error)
    } finally {
      this.#requestsPerBroker.set(leader, this.#requestsPerBroker.get(leader)! - 1)
      this.#afterAnswer(flights)
    }
  }

  /** Seals and stamps the oldest batches of as many queues as one request may carry. */
  #board(candidates: readonly PartitionQueue[]): Flight[] {
    const flights: Flight[] = []
    let bytes = 0
    for (const queue of candidates) {
      const batch = queue.oldest!
      queue.sealOldest(this.#options.compression)
      if (bytes > 0 && bytes + batch.bytes > this.#options.requestBytesMax) continue
      bytes += batch.bytes
      queue.stampOldest(this.#identity)
      queue.inFlight = true
      batch.attempts++
      this.#wakeAt(this.#deadlineMs(batch))
      flights.push({ queue, batch })
    }
    return flights
  }

  async #request(leader: number, flights: readonly Flight[]): Promise<ProduceResult[]> {
    const connection = await this.#connections.to(leader)
    const batches = flights.map(({ queue, batch }) => ({
      topic: queue.topic,
      partition: queue.partition,
      bytes: batch.wireBytes,
    }))
    const { acks, requestTimeoutMs } = this.#options
    return sendToBroker(
      connection,
      PRODUCE_API_KEY,
      PRODUCE_VERSION,
      () => encodeProduceRequest(acks, requestTimeoutMs, batches),
      parseProduceResponse,
    )
  }

  #settle(flight: Flight, result: ProduceResult, roundTripMs: number): void {
    const { queue } = flight
    if (queue.oldest !== flight.batch) return
    if (result.code === KafkaCode.NONE || result.code === KafkaCode.DUPLICATE_SEQUENCE_NUMBER) {
      const batch = queue.acknowledgeOldest(result.code === KafkaCode.NONE ? result.baseOffset : -1)
      this.#memory.leave(batch.reservedBytes)
      const queueMs = Date.now() - batch.createdAtMs - roundTripMs
      const { count: records, bytes, attempts } = batch
      this.#observer.acknowledged?.({ records, bytes, queueMs, roundTripMs, attempts })
      return
    }
    const error = new KafkaError(result.code, `writing to ${queue.topic}[${queue.partition}]`)
    if (LOST_COUNT.has(result.code) && this.#options.idempotent) this.#restamp(queue, error)
    else if (error.retriable) this.#retry(flight, error)
    else if (REFUSED_FOR_RECORD.has(result.code)) this.#refuse(flight, result.code)
    else this.#fail(queue, error)
  }

  /**
   * A record alone in its batch is what the broker refuses. Of several it may be any, or their size together: those
   * that follow, and these when they are sent again, travel in smaller batches, until it is alone.
   */
  #refuse({ queue, batch }: Flight, code: number): void {
    const where = `writing to ${queue.topic}[${queue.partition}]`
    if (batch.count > 1) {
      queue.shrink()
      this.#fail(queue, new KafkaError(code, `${where} with ${batch.count - 1} others`))
      return
    }
    const refused = queue.removeOldest(new KafkaError(code, where, true))
    this.#memory.leave(refused.reservedBytes)
    this.#observer.failed?.(new KafkaError(code, where, true), 1, queue.topic, queue.partition)
  }

  /**
   * Whether the batch was written is not known from now on: some brokers' "not yet" comes after they have written it.
   */
  #retry({ queue, batch }: Flight, error: Error): void {
    if (queue.oldest !== batch) return
    batch.unclear = true
    this.#observer.retried?.(error, queue.topic, queue.partition)
    this.#backOff(queue, Date.now())
  }

  #backOff(queue: PartitionQueue, nowMs: number): void {
    const { backoffMsFirst, backoffMsMax } = this.#options
    const backoffMs = Math.min(backoffMsMax, backoffMsFirst * 2 ** queue.failures)
    queue.failures++
    queue.retryAtMs = nowMs + backoffMs * (1 + BACKOFF_JITTER * (2 * Math.random() - 1))
    this.#refreshMetadata()
  }

  #fail(queue: PartitionQueue, error: Error): void {
    const failed = queue.failAll(error)
    this.#waiting.delete(queue)
    // Those that wait for room were sent later: let in now, they would overtake what failed and is sent again.
    this.#memory.refuse(queue, error)
    for (const batch of failed) {
      this.#memory.leave(batch.reservedBytes)
      this.#observer.failed?.(error, batch.count, queue.topic, queue.partition)
    }
    if (this.#options.idempotent && failed.some((batch) => batch.unclear)) void this.#renew(error.message)
    this.#reportIdle()
  }

  #restamp(queue: PartitionQueue, error: KafkaError): void {
    const refused = queue.oldest
    this.#backOff(queue, Date.now())
    void this.#renew(error.message).then(() => {
      if (queue.oldest === refused) queue.restampOldest(this.#identity)
    })
  }

  /** A new identity for all that is stamped from now on. Batches under way keep theirs. Repeats until it succeeds. */
  #renew(reason: string): Promise<void> {
    this.#renewing ??= (async () => {
      this.#observer.identityRenewed?.(reason)
      while (!this.#stopped) {
        try {
          this.#identity = await requestIdentity(this.#cluster)
          break
        } catch {
          this.#wakeAt(0)
          await new Promise((resolve) => setTimeout(resolve, this.#options.backoffMsMax))
        }
      }
      this.#renewing = null
      this.#wakeAt(0)
    })()
    return this.#renewing
  }

  #afterAnswer(flights: readonly Flight[]): void {
    for (const { queue } of flights) {
      queue.inFlight = false
      if (queue.isEmpty) this.#waiting.delete(queue)
    }
    this.#reportIdle()
    if (this.#waiting.size > 0) this.#round()
  }

  #reportIdle(): void {
    if (this.#waiting.size > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #refreshMetadata(): void {
    this.#cluster.refresh().then(
      () => this.#waiting.size > 0 && this.#wakeAt(0),
      () => {},
    )
  }
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
