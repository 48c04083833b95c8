import { availableParallelism } from 'node:os'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import type { Service } from '../runtime/service.ts'
import { ConfigurationError, type Values } from '../runtime/settings.ts'
import { applyMigrations } from './apply-migrations.ts'
import {
  type ClickHouse,
  createClickHouse,
  ensureDatabase,
  isClickHouseUnavailable,
  readRows,
} from './clickhouse-client.ts'
import type { analyticsSettings } from './config.ts'
import { ensureKafkaTables, GATEWAY_TOPICS, type KafkaLogin } from './kafka-tables.ts'
import { readIngestionFaults } from './read-ingestion-faults.ts'

const SAMPLE_MS = 10_000
const CONSUMERS_MAX = 10
/** How long a fault is told of: some samples, so that one who looks later sees it. */
const FAULT_SECONDS = 30

export interface AnalyticsParts {
  readonly settings: Values<typeof analyticsSettings>
  readonly kafkaBrokers: string
  readonly kafkaLogin: KafkaLogin
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
      'Kafka tables of ClickHouse that could not read of late',
      [],
    )
  }

  /**
   * Resolves also while ClickHouse is unavailable: the other roles of the process do not wait for it, and its tables are
   * made when it answers. Until then the process is not ready. Throws what ClickHouse refuses, as a wrong password.
   */
  async start(): Promise<void> {
    this.#parts.health.add('clickhouse', () => this.#check())
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
    if (migrations.length > 0) log.info({ migrations }, 'ClickHouse was migrated')
    const tables = await ensureKafkaTables(this.#client, {
      brokers: kafkaBrokers,
      login: kafkaLogin,
      consumers: settings.CLICKHOUSE_CONSUMERS || consumersFor(availableParallelism()),
      flush: settings.CLICKHOUSE_FLUSH,
      topics: GATEWAY_TOPICS,
      groupPrefix: 'smsgw-clickhouse',
    })
    if (tables.length > 0) log.info({ tables }, 'ClickHouse reads Kafka by new tables')
  }

  async #sample(): Promise<void> {
    const rows = await readRows<{ topic: string; records: number }>(
      this.#client,
      'SELECT topic, toFloat64(count()) AS records FROM malformed FINAL GROUP BY topic',
    )
    for (const { topic, records } of rows) this.#malformed.set({ topic }, records)
    const faults = await readIngestionFaults(this.#client, FAULT_SECONDS)
    this.#faults.set(faults.length)
    for (const fault of faults) this.#parts.log.warn(fault, 'ClickHouse cannot read Kafka')
  }
}

/** ClickHouse refuses more consumers than it has cores; here it shares them with all the rest. */
function consumersFor(cores: number): number {
  return Math.max(1, Math.min(CONSUMERS_MAX, Math.floor(cores / 2)))
}
