import { join } from 'node:path'
import { describeQuorumV1, metadataV12 } from '@platformatic/kafka'
import { ClickHouseServer } from '../../../src/embedded/clickhouse/clickhouse-server.ts'
import { KafkaCluster } from '../../../src/embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../../src/embedded/postgres/postgres-server.ts'
import type { Progress } from '../../../src/embedded/progress.ts'
import { callBroker } from '../../../src/kafka/cluster/call-broker.ts'
import { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { eventually } from '../../servers/eventually.ts'
import { silent } from '../../servers/silent-progress.ts'

const CACHE = join(import.meta.dirname, '../../../.smsgw/cache')
const IN_SYNC_MS_MAX = 300_000
const START_TRIES_MAX = 20

/** Kafka, PostgreSQL and ClickHouse of a campaign, each of which can be killed and brought back on its data. */
export class BreakableServers {
  readonly kafka: KafkaCluster
  readonly #folder: string
  #postgres: PostgresServer
  #clickhouse: ClickHouseServer | null
  /** A client of our own, for looking at the cluster. */
  readonly cluster: Cluster

  private constructor(
    folder: string,
    kafka: KafkaCluster,
    postgres: PostgresServer,
    clickhouse: ClickHouseServer | null,
  ) {
    this.kafka = kafka
    this.#folder = folder
    this.#postgres = postgres
    this.#clickhouse = clickhouse
    this.cluster = new Cluster({ brokers: kafka.brokers.split(','), clientId: 'chaos', connectTimeoutMs: 2_000 })
  }

  static async start(
    folder: string,
    options: { brokers: 1 | 3; clickhouse: boolean; progress: Progress },
  ): Promise<BreakableServers> {
    const { brokers, progress } = options
    const starting = [
      KafkaCluster.start({ folder: join(folder, 'kafka'), cacheFolder: CACHE, brokers, progress, withoutLogin: true }),
      PostgresServer.start(join(folder, 'postgres'), progress),
      options.clickhouse ? ClickHouseServer.start(join(folder, 'clickhouse'), progress) : null,
    ] as const
    try {
      return new BreakableServers(folder, ...(await Promise.all(starting)))
    } catch (error) {
      const started = await Promise.allSettled(starting)
      await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value?.stop() : null)))
      throw error
    }
  }

  get databaseUrl(): string {
    return this.#postgres.url()
  }

  get postgresPid(): number {
    return this.#postgres.pid
  }

  get clickhouseUrl(): string {
    return this.#clickhouse?.url ?? ''
  }

  /** Ports of the brokers, in the order of their ids. */
  get brokerPorts(): number[] {
    return this.kafka.brokers.split(',').map((address) => Number(address.split(':')[1]))
  }

  createDatabase(name: string): Promise<void> {
    return this.#postgres.createDatabase(name)
  }

  databaseUrlOf(name: string): string {
    return this.#postgres.url(name)
  }

  /** Resolves when the broker's process has ended. */
  async killBroker(nodeId: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const node = this.kafka.node(nodeId)!
    if (node.hasExited) return
    process.kill(node.pid, signal)
    const forced = setTimeout(() => process.kill(node.pid, 'SIGKILL'), 15_000)
    await node.exited
    clearTimeout(forced)
  }

  /** Starts brokers that are down and waits until every replica is in sync again. */
  async reviveBrokers(): Promise<void> {
    for (const nodeId of this.kafka.nodeIds) {
      if (this.kafka.node(nodeId)!.hasExited) await this.kafka.startNode(nodeId)
    }
    await eventually(
      'all replicas are in sync',
      () => this.#isInSync(),
      (inSync) => inSync,
      IN_SYNC_MS_MAX,
    )
  }

  /** The node that leads the controllers' quorum. What metadata calls the controller is any broker. */
  async controller(): Promise<number> {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    const connection = await this.cluster.anyConnection()
    const response: describeQuorumV1.DescribeQuorumResponse = await callBroker(connection, describeQuorumV1.api, topics)
    return response.topics[0]!.partitions[0]!.leaderId
  }

  async killPostgres(signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
    process.kill(this.#postgres.pid, signal)
    await eventually(
      'PostgreSQL has exited',
      () => isGone(this.#postgres.pid),
      (gone) => gone,
    )
  }

  /** Backends of a killed server may hold its memory for a moment, so the first tries may fail. */
  async revivePostgres(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        this.#postgres = await PostgresServer.start(join(this.#folder, 'postgres'), silent)
        return
      } catch (error) {
        if (tries === START_TRIES_MAX) throw error
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    }
  }

  async killClickHouse(): Promise<void> {
    if (!this.#clickhouse) return
    process.kill(this.#clickhouse.pid, 'SIGKILL')
    await eventually(
      'ClickHouse has exited',
      () => isGone(this.#clickhouse!.pid),
      (gone) => gone,
    )
  }

  async reviveClickHouse(): Promise<void> {
    if (this.#clickhouse) this.#clickhouse = await ClickHouseServer.start(join(this.#folder, 'clickhouse'), silent)
  }

  async stop(): Promise<void> {
    await this.cluster.close()
    await this.#clickhouse?.stop()
    await Promise.all([this.kafka.stop(), this.#postgres.stop()])
  }

  /**
   * Every broker is queried for itself: while the controllers have no majority, what one reports of the others is how
   * they were before.
   */
  async #isInSync(): Promise<boolean> {
    const connections = this.cluster.connections(2_000)
    try {
      for (const nodeId of this.kafka.nodeIds) {
        const answer: metadataV12.MetadataResponse = await callBroker(
          await connections.to(nodeId),
          metadataV12.api,
          WATCHED,
          false,
          false,
        )
        if (answer.brokers.length < this.kafka.nodeIds.length) return false
        const partitions = answer.topics.flatMap((topic) => topic.partitions)
        if (
          partitions.some(
            ({ leaderId, replicaNodes, isrNodes }) => leaderId < 0 || isrNodes.length < replicaNodes.length,
          )
        )
          return false
      }
      return true
    } catch {
      return false
    } finally {
      await connections.close()
    }
  }
}

const WATCHED = ['sms.accepted', 'sms.delivery', 'sms.status', 'sms.dlq', '__consumer_offsets']

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
