import { type Broker, type Connection, type ConnectionOptions, ConnectionPool, metadataV12 } from '@platformatic/kafka'
import { KafkaUnreachableError } from '../errors.ts'
import { callBroker } from './call-broker.ts'

type MetadataResponse = metadataV12.MetadataResponse

export interface ClusterOptions {
  /** `host:port` of some brokers; the rest are learned from them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls?: ConnectionOptions['tls']
  readonly sasl?: ConnectionOptions['sasl']
  readonly connectTimeoutMs?: number
  readonly requestTimeoutMs?: number
}

export interface PartitionMetadata {
  readonly partition: number
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

export interface TopicMetadata {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionMetadata[]
}

/** Connections to brokers for one purpose: a long poll, for one, must not hold up what else goes to that broker. */
export interface BrokerConnections {
  /** A connection to the broker with that node id. Throws KafkaUnreachableError. */
  to(nodeId: number): Promise<Connection>
  close(): Promise<void>
}

/** What is known of a Kafka cluster: its brokers, and topics with the leaders of their partitions. */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #bootstrap: Broker[]
  readonly #control: ConnectionPool
  readonly #pools = new Set<ConnectionPool>()
  readonly #brokers = new Map<number, Broker>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #watched = new Set<string>()
  #clusterId = ''
  #controllerId = -1
  #refreshing: Promise<void> | null = null
  #closed = false

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#bootstrap = options.brokers.map(parseBroker)
    this.#control = this.#open(options.requestTimeoutMs ?? 5_000)
  }

  get clusterId(): string {
    return this.#clusterId
  }

  get controllerId(): number {
    return this.#controllerId
  }

  get brokerIds(): number[] {
    return [...this.#brokers.keys()].sort((a, b) => a - b)
  }

  /** A set of connections of its own; closed with the cluster or before. */
  connections(requestTimeoutMs = this.#options.requestTimeoutMs ?? 5_000): BrokerConnections {
    const pool = this.#open(requestTimeoutMs)
    return {
      to: (nodeId) => this.#connect(pool, nodeId),
      close: async () => {
        this.#pools.delete(pool)
        await pool.close()
      },
    }
  }

  /** The topic as last seen, or undefined if it is not known (yet). Refresh to look again. */
  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  /** Node id of a partition's leader; undefined while there is none or it is not known. */
  leaderOf(topic: string, partition: number): number | undefined {
    const leader = this.#topics.get(topic)?.partitions[partition]?.leader
    return leader === undefined || leader < 0 ? undefined : leader
  }

  /** Adds topics to those that a refresh reads, and reads those that are new. */
  async watch(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.#topics.has(topic))
    for (const topic of topics) this.#watched.add(topic)
    if (unknown.length > 0 || this.#brokers.size === 0) await this.refresh()
  }

  /** Reads brokers and watched topics again. Calls at the same time share one request. Throws KafkaUnreachableError. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  /** A connection to whichever broker answers first, for calls that any broker takes. */
  async anyConnection(): Promise<Connection> {
    const known = shuffled([...this.#brokers.values()])
    try {
      return await this.#control.getFirstAvailable([...known, ...this.#bootstrap])
    } catch (cause) {
      const tried = this.#options.brokers.join(', ')
      throw new KafkaUnreachableError(`no Kafka broker answers at ${tried}`, { cause })
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#pools].map((pool) => pool.close()))
    this.#pools.clear()
  }

  async #refresh(): Promise<void> {
    const connection = await this.anyConnection()
    const response: MetadataResponse = await callBroker(connection, metadataV12.api, [...this.#watched], false, false)
    this.#clusterId = response.clusterId ?? ''
    this.#controllerId = response.controllerId
    this.#brokers.clear()
    for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port })
    for (const topic of response.topics) {
      if (topic.errorCode !== 0 || topic.name === null) this.#topics.delete(topic.name ?? '')
      else this.#topics.set(topic.name as string, toTopicMetadata(topic))
    }
  }

  async #connect(pool: ConnectionPool, nodeId: number): Promise<Connection> {
    if (this.#closed) throw new KafkaUnreachableError('the client is closed')
    if (!this.#brokers.has(nodeId)) await this.refresh()
    const broker = this.#brokers.get(nodeId)
    if (!broker) throw new KafkaUnreachableError(`broker ${nodeId} is not part of the cluster now`)
    try {
      return await pool.get(broker)
    } catch (cause) {
      throw new KafkaUnreachableError(`broker ${nodeId} at ${broker.host}:${broker.port} does not answer`, { cause })
    }
  }

  #open(requestTimeoutMs: number): ConnectionPool {
    const { clientId, connectTimeoutMs = 5_000, tls, sasl } = this.#options
    const pool = new ConnectionPool(clientId, {
      requestTimeout: requestTimeoutMs,
      connectTimeout: connectTimeoutMs,
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    })
    // A connection may emit 'error' more than once, and an 'error' without a handler ends the process. What went
    // wrong rejects the pending calls, so an empty handler is enough.
    pool.on('connecting', ({ connection }) => connection.on('error', () => {}))
    this.#pools.add(pool)
    return pool
  }
}

function toTopicMetadata(topic: MetadataResponse['topics'][number]): TopicMetadata {
  const partitions = topic.partitions
    .map((each) => ({
      partition: each.partitionIndex,
      leader: each.leaderId,
      replicas: each.replicaNodes,
      inSync: each.isrNodes,
    }))
    .sort((a, b) => a.partition - b.partition)
  return { name: topic.name as string, topicId: topic.topicId, partitions }
}

function parseBroker(address: string): Broker {
  const colon = address.lastIndexOf(':')
  const port = Number(address.slice(colon + 1))
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`"${address}" is not a broker address: write host:port, several separated by commas`)
  }
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port }
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
