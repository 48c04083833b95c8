import { availableParallelism } from 'node:os'
import { backoffMs, sleep } from '../runtime/backoff.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Service } from '../runtime/service.ts'
import { ConfigurationError, type Values } from '../runtime/settings.ts'
import { applyMigrations } from './apply-migrations.ts'
import { type ClickHouse, createClickHouse, ensureDatabase, readRows, withoutLogin } from './clickhouse-client.ts'
import type { analyticsSettings } from './config.ts'
import { ensureKafkaTables, GATEWAY_TOPICS, type KafkaLogin } from './kafka-tables.ts'
import { readIngestionFaults } from './read-ingestion-faults.ts'

const REACH_MS_MAX = 30_000
const SAMPLE_MS = 10_000
const CONSUMERS_MAX = 10
/** How long a fault is told of: some samples, so that one who looks later sees it. */
const FAULT_SECONDS = 30
/** A fault that lasts longer is none of a broker that restarts. */
const FAULTY_MS_MAX = 60_000

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
  readonly #sampleFailure: RepeatedFailure
  /** Since when samples found a fault, and the last of them; null while there is none. */
  #faulty: { readonly sinceMs: number; readonly text: string } | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(parts: AnalyticsParts) {
    if (parts.settings.CLICKHOUSE_URL === '') {
      throw new ConfigurationError(['CLICKHOUSE_URL is not set; the role analytics needs it'])
    }
    this.#parts = parts
    this.#client = createClickHouse(parts.settings)
    this.#sampleFailure = new RepeatedFailure({ what: 'sample of ClickHouse', log: parts.log })
    this.#malformed = parts.metrics.gaugeSet('smsgw_clickhouse_malformed_records', 'Records that are no events', [
      'topic',
    ])
    this.#faults = parts.metrics.gaugeSet(
      'smsgw_clickhouse_ingestion_faults',
      'Kafka tables of ClickHouse that could not read of late',
      [],
    )
  }

  async start(): Promise<void> {
    const { settings, kafkaBrokers, kafkaLogin, health, log } = this.#parts
    await this.#reach()
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
    health.add('clickhouse', async () => {
      const { success } = await this.#client.ping()
      if (!success) throw new Error('ClickHouse does not answer')
    })
    health.add('clickhouse-ingestion', () => {
      const forMs = this.#faulty ? Date.now() - this.#faulty.sinceMs : 0
      if (forMs < FAULTY_MS_MAX) return
      throw new Error(`ClickHouse has not read Kafka for ${Math.round(forMs / 1_000)} s: ${this.#faulty!.text}`)
    })
    this.#timer = setInterval(() => {
      this.#sample().then(
        () => this.#sampleFailure.succeeded(),
        (error) => void this.#sampleFailure.failed(error),
      )
    }, SAMPLE_MS)
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await this.#client.close()
  }

  async #reach(): Promise<void> {
    const deadlineMs = Date.now() + REACH_MS_MAX
    for (let failures = 1; ; failures++) {
      const answer = await this.#client.ping()
      if (answer.success) return
      if (Date.now() > deadlineMs) {
        const url = withoutLogin(this.#parts.settings.CLICKHOUSE_URL)
        throw new ExpectedError(
          `ClickHouse does not answer at ${url}: ${answer.error.message}. Check CLICKHOUSE_URL and that it runs.`,
        )
      }
      await sleep(backoffMs(failures, 100, 2_000))
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
    for (const fault of faults) this.#parts.log.warn(fault, 'ClickHouse cannot read Kafka')
  }
}

/** ClickHouse refuses more consumers than it has cores; here it shares them with all the rest. */
function consumersFor(cores: number): number {
  return Math.max(1, Math.min(CONSUMERS_MAX, Math.floor(cores / 2)))
}
