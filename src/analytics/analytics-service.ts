import {
  type ClickHouse,
  createClickHouse,
  ensureDatabase,
  isClickHouseUnavailable,
  readRows,
} from '../clickhouse/clickhouse-client.ts'
import { FORMER_GROUPS } from '../events/topics.ts'
import { inheritOffsets } from '../kafka/admin/inherit-offsets.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import type { Service } from '../runtime/service.ts'
import { ConfigurationError, type Values } from '../runtime/settings.ts'
import { applyMigrations } from './apply-migrations.ts'
import type { analyticsSettings } from './config.ts'
import { ensureKafkaTables, GATEWAY_GROUPS, GATEWAY_TOPICS, type KafkaLogin } from './kafka-tables.ts'
import { readIngestionFaults } from './read-ingestion-faults.ts'

const SAMPLE_MS = 10_000
/** How long a fault is reported: for some samples, so that a later look still sees it. */
const FAULT_SECONDS = 30
/** A fault that lasts longer is not caused by a restarting broker. */
const FAULTY_MS_MAX = 60_000

export interface AnalyticsParts {
  readonly settings: Values<typeof analyticsSettings>
  readonly kafkaBrokers: string
  readonly kafkaLogin: KafkaLogin
  readonly cluster: Cluster
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/** The role `analytics`: keeps ClickHouse's schema, and the tables by which ClickHouse reads Kafka by itself. */
export class Analytics implements Service {
  readonly name = 'analytics'
  readonly #parts: AnalyticsParts
  readonly #client: ClickHouse
  readonly #malformed
  readonly #faults
  readonly #failure: RepeatedFailure
  readonly #loop = new RoundLoop(() => this.#round())
  /** Since when samples found a fault, and the last of them; null while there is none. */
  #faulty: { readonly sinceMs: number; readonly text: string } | null = null
  #isPrepared = false

  constructor(parts: AnalyticsParts) {
    if (parts.settings.CLICKHOUSE_URL === '') {
      throw new ConfigurationError(['CLICKHOUSE_URL is not set; the role analytics needs it'])
    }
    this.#parts = parts
    this.#client = createClickHouse(parts.settings)
    this.#failure = new RepeatedFailure({ what: 'work with ClickHouse', log: parts.log })
    this.#malformed = parts.metrics.gaugeSet('smsgw_clickhouse_malformed_records', 'Records that are no events', [
      'topic',
    ])
    this.#faults = parts.metrics.gaugeSet(
      'smsgw_clickhouse_ingestion_faults',
      'Kafka tables of ClickHouse that failed recently',
      [],
    )
  }

  /**
   * Resolves also while ClickHouse is unavailable: the other roles of the process do not wait for it, and its tables
   * are made when it answers. Until then the process is not ready. Throws what ClickHouse refuses, as a wrong password.
   */
  async start(): Promise<void> {
    this.#parts.health.add('clickhouse', () => this.#check())
    this.#parts.health.add('clickhouse-ingestion', () => this.#checkIngestion())
    try {
      await this.#prepare()
      this.#isPrepared = true
    } catch (error) {
      if (!isClickHouseUnavailable(error)) throw error
      this.#failure.failed(error)
    }
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#client.close()
  }

  async #check(): Promise<void> {
    const answer = await this.#client.ping()
    if (!answer.success) throw new Error(`ClickHouse does not answer: ${answer.error.message}`)
    if (!this.#isPrepared) throw new Error('the tables of ClickHouse are not prepared')
  }

  #checkIngestion(): void {
    const forMs = this.#faulty ? Date.now() - this.#faulty.sinceMs : 0
    if (forMs < FAULTY_MS_MAX) return
    throw new Error(`ClickHouse has not read Kafka for ${Math.round(forMs / 1_000)} s: ${this.#faulty!.text}`)
  }

  /** Returns for how long to sleep. */
  async #round(): Promise<number> {
    try {
      if (!this.#isPrepared) await this.#prepare()
      this.#isPrepared = true
      await this.#sample()
      this.#failure.succeeded()
      return SAMPLE_MS
    } catch (error) {
      // Its data may be gone, with its tables; what is there already is left as it is.
      this.#isPrepared = false
      return this.#failure.failed(error)
    }
  }

  async #prepare(): Promise<void> {
    const { settings, kafkaBrokers, kafkaLogin, log } = this.#parts
    await ensureDatabase(settings)
    const migrations = await applyMigrations(this.#client)
    if (migrations.length > 0) log.info({ migrations }, 'ClickHouse migrated')
    const tables = await ensureKafkaTables(this.#client, {
      brokers: kafkaBrokers,
      login: kafkaLogin,
      consumers: settings.CLICKHOUSE_CONSUMERS,
      flush: settings.CLICKHOUSE_FLUSH,
      blockRows: settings.CLICKHOUSE_BLOCK_ROWS,
      topics: GATEWAY_TOPICS,
      groups: GATEWAY_GROUPS,
      beforeReading: (topic, group) => this.#takeOverOffsets(topic, group),
    })
    if (tables.length > 0) log.info({ tables }, 'recreated ClickHouse Kafka tables')
  }

  /** Of versions whose tables read in a group of another name; those tables are gone by now. */
  async #takeOverOffsets(topic: string, group: string): Promise<void> {
    const from = (FORMER_GROUPS as Readonly<Record<string, string>>)[group]
    if (from === undefined) return
    const { cluster, log } = this.#parts
    const connections = cluster.connections()
    try {
      const partitions = await inheritOffsets(cluster, connections, { topic, from, to: group })
      if (partitions > 0) log.info({ topic, from, to: group, partitions }, 'took over the offsets of the former group')
    } finally {
      await connections.close()
    }
  }

  async #sample(): Promise<void> {
    const rows = await readRows<{ topic: string; records: number }>(
      this.#client,
      'SELECT topic, toFloat64(count()) AS records FROM malformed FINAL GROUP BY topic',
    )
    for (const { topic, records } of rows) this.#malformed.set({ topic }, records)
    const faults = await readIngestionFaults(this.#client, FAULT_SECONDS)
    this.#faults.set(faults.length)
    const [first] = faults
    this.#faulty = first
      ? { sinceMs: this.#faulty?.sinceMs ?? Date.now(), text: `${first.table}: ${first.error}` }
      : null
    for (const fault of faults) this.#parts.log.warn(fault, 'ClickHouse failed to consume from Kafka')
  }
}
