import { sendToBroker } from '../../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../../errors.ts'
import {
  encodeFetchRequest,
  FETCH_API_KEY,
  FETCH_VERSION,
  type FetchedPartition,
  type FetchResult,
  type FetchTopic,
  parseFetchResponse,
} from '../../wire/fetch-v15.ts'
import {
  type ConsumedRecord,
  CorruptBatchError,
  type DecodedBatches,
  decodeRecordBatches,
  passDamaged,
} from '../../wire/record-batch-decode.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerOptions } from '../consumer-options.ts'
import { type FetchPlace, isStillAsked } from './fetch-place.ts'

/** How long a poll may wait at a broker while one of its partitions is held back, which may end any moment. */
const HELD_BACK_WAIT_MS = 20
const ERROR_BACKOFF_MS = 100
const UNREADABLE_BACKOFF_MS = 5_000
/** How often a damaged batch is fetched: in that time its leader may be another broker with bytes that are right. */
const DAMAGED_TRIES_MAX = 6
/** An answer with more than this share of what it may hold means a backlog. */
const BACKLOG_SHARE = 1 / 32
/** And so does one with more than this share of what it may hold of a partition. */
const PARTITION_BACKLOG_SHARE = 1 / 2

export interface FetchListener {
  /** Partitions that this broker leads and that have room for more, each in one place. */
  fetchable(nodeId: number): { places: FetchPlace[]; heldBack: boolean }
  /** Resolves when the records are handed over, or wait for room. */
  fetched(place: FetchPlace, records: readonly ConsumedRecord[], nextOffset: number): Promise<void>
  /** The place is no longer in the log. */
  outOfRange(place: FetchPlace): Promise<void>
  /** What was sent of the partition cannot be decoded; it is fetched again, or passed over when that did not help. */
  unreadable(partition: AssignedPartition, error: Error): void
  troubled(error: Error): void
}

/** Bytes of records in an answer, and in that part of it that has most. */
interface FetchedBytes {
  readonly bytes: number
  readonly partitionBytes: number
}

/** Fetches from one broker, one request at a time, whatever of its partitions has room. */
export class FetchLoop {
  readonly nodeId: number
  readonly #cluster: Cluster
  readonly #connections: BrokerConnections
  readonly #options: ConsumerOptions
  readonly #listener: FetchListener
  #stopped = false
  #wake: (() => void) | null = null

  constructor(
    nodeId: number,
    cluster: Cluster,
    connections: BrokerConnections,
    options: ConsumerOptions,
    listener: FetchListener,
  ) {
    this.nodeId = nodeId
    this.#cluster = cluster
    this.#connections = connections
    this.#options = options
    this.#listener = listener
    void this.#run()
  }

  /** There may be something to fetch again. */
  wake(): void {
    this.#wake?.()
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { places, heldBack } = this.#listener.fetchable(this.nodeId)
      if (places.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = null
        continue
      }
      try {
        await this.#pauseAfter(await this.#fetch(places, heldBack))
      } catch (error) {
        if (this.#stopped) return
        this.#listener.troubled(error as Error)
        await this.#recover()
      }
    }
  }

  /** Lets records gather, unless the answer was large, so that there is a backlog to be worked off. */
  async #pauseAfter({ bytes, partitionBytes }: FetchedBytes): Promise<void> {
    const { fetchPauseMs, fetchBytesMax, partitionBytesMax } = this.#options
    if (fetchPauseMs === 0 || bytes === 0) return
    if (bytes > fetchBytesMax * BACKLOG_SHARE || partitionBytes > partitionBytesMax * PARTITION_BACKLOG_SHARE) return
    await new Promise((resolve) => setTimeout(resolve, fetchPauseMs))
  }

  async #fetch(places: readonly FetchPlace[], heldBack: boolean): Promise<FetchedBytes> {
    const asked = new Map(places.map((place) => [place.assigned.name, place]))
    const topics = [...Map.groupBy(places, ({ assigned }) => assigned.topic)].flatMap(([, members]): FetchTopic[] => {
      const { topicId } = members[0]!.assigned
      return topicId === '' ? [] : [{ topicId, partitions: members.map((each) => this.#position(each)) }]
    })
    const topicNames = new Map(places.map(({ assigned }) => [assigned.topicId, assigned.topic]))
    const result = await this.#request(topics, heldBack)
    if (result.code !== KafkaCode.NONE) throw new KafkaError(result.code, `fetching from broker ${this.nodeId}`)
    let stale: KafkaError | null = null
    const bytes = { bytes: 0, partitionBytes: 0 }
    const accepted: Promise<KafkaError | null>[] = []
    for (const each of result.partitions) {
      const found = asked.get(`${topicNames.get(each.topicId)}[${each.partition}]`)
      if (!found || !isStillAsked(found)) continue
      const length = each.records?.length ?? 0
      bytes.bytes += length
      bytes.partitionBytes = Math.max(bytes.partitionBytes, length)
      accepted.push(this.#accept(found, each))
    }
    for (const error of await Promise.all(accepted)) stale = error ?? stale
    if (stale) throw stale
    return bytes
  }

  #position({ assigned, offset }: FetchPlace): FetchTopic['partitions'][number] {
    return { partition: assigned.partition, offset, bytesMax: this.#options.partitionBytesMax }
  }

  async #request(topics: readonly FetchTopic[], heldBack: boolean): Promise<FetchResult> {
    const { fetchWaitMsMax, fetchBytesMin, fetchBytesMax } = this.#options
    const limits = {
      waitMsMax: heldBack ? Math.min(fetchWaitMsMax, HELD_BACK_WAIT_MS) : fetchWaitMsMax,
      bytesMin: fetchBytesMin,
      bytesMax: fetchBytesMax,
    }
    const connection = await this.#connections.to(this.nodeId)
    const encode = () => encodeFetchRequest(limits, topics)
    return sendToBroker(connection, FETCH_API_KEY, FETCH_VERSION, encode, parseFetchResponse)
  }

  /** Takes one partition's part of an answer. Returns an error after which metadata must be read again. */
  async #accept(place: FetchPlace, fetched: FetchedPartition): Promise<KafkaError | null> {
    const { assigned } = place
    if (fetched.code === KafkaCode.OFFSET_OUT_OF_RANGE) {
      await this.#listener.outOfRange(place)
      return null
    }
    if (fetched.code !== KafkaCode.NONE) return new KafkaError(fetched.code, `fetching ${assigned.name}`)
    assigned.stableEnd = fetched.lastStableOffset
    assigned.uncommittedRecords = Math.max(0, fetched.highWatermark - fetched.lastStableOffset)
    assigned.logStartOffset = fetched.logStartOffset
    assigned.shares?.dropBelow(fetched.logStartOffset)
    if (!fetched.records) return null
    const decoded = this.#decode(place, fetched, fetched.records)
    if (decoded) await this.#listener.fetched(place, decoded.records, decoded.nextOffset)
    return null
  }

  /**
   * Damage is one partition's: the others of the answer go on, and it is fetched again after a while, when the bytes may
   * be right. Those that never are become a dead letter, and the partition goes on behind them.
   */
  #decode({ assigned, offset }: FetchPlace, fetched: FetchedPartition, bytes: Buffer): DecodedBatches | null {
    const { topic, partition } = assigned
    try {
      const decoded = decodeRecordBatches(bytes, topic, partition, offset, fetched.aborted)
      assigned.damagedTries = 0
      return decoded
    } catch (error) {
      this.#listener.unreadable(assigned, error as Error)
      if (error instanceof CorruptBatchError && ++assigned.damagedTries >= DAMAGED_TRIES_MAX) {
        assigned.damagedTries = 0
        return passDamaged(bytes, topic, partition, offset, fetched.lastStableOffset)
      }
      assigned.blockedUntilMs = performance.now() + UNREADABLE_BACKOFF_MS
      return null
    }
  }

  async #recover(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ERROR_BACKOFF_MS + Math.random() * ERROR_BACKOFF_MS))
    await this.#cluster.refresh().catch(() => {})
  }
}
