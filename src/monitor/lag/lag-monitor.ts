import type { Gauge } from 'prom-client'
import { TOPICS } from '../../events/topics.ts'
import { describeLogDirs } from '../../kafka/admin/describe-log-dirs.ts'
import { describeTopics } from '../../kafka/admin/describe-topics.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import type { Health } from '../../runtime/health.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import type { Service } from '../../runtime/service.ts'
import type { Values } from '../../runtime/settings.ts'
import type { monitorSettings } from './config.ts'
import { groupReports } from './group-report.ts'
import { LagHistory } from './lag-history.ts'
import { LagMetrics } from './lag-metrics.ts'
import { sampleLag } from './read-lag.ts'
import { recallAges } from './recall-ages.ts'
import { TopicMetrics } from './topic-metrics.ts'

/** Settings of topics and the space on disks change slowly. */
const DESCRIBE_MS = 60_000

export interface LagMonitorParts {
  readonly settings: Values<typeof monitorSettings>
  readonly cluster: Cluster
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * The role `monitor`: samples every group on a timer and publishes the judgement. Scrapes are answered from the last
 * sample, so that they cost Kafka nothing; how old it is says `smsgw_collector_last_success_timestamp_seconds`.
 */
export class LagMonitor implements Service {
  readonly name = 'monitor'
  readonly #parts: LagMonitorParts
  readonly #connections: BrokerConnections
  readonly #history: LagHistory
  readonly #lagMetrics: LagMetrics
  readonly #topicMetrics: TopicMetrics
  readonly #lastSuccess: Gauge<'collector'>
  #described: string[] = []
  #timers: NodeJS.Timeout[] = []
  readonly #running = new Map<string, Promise<void>>()
  readonly #failures = new Map<string, RepeatedFailure>()

  constructor(parts: LagMonitorParts) {
    this.#parts = parts
    this.#connections = parts.cluster.connections()
    this.#history = new LagHistory(parts.settings.LAG_WINDOW_MS)
    this.#lagMetrics = new LagMetrics(parts.metrics, parts.settings.METRICS_PER_PARTITION === 'yes')
    this.#topicMetrics = new TopicMetrics(parts.metrics)
    this.#lastSuccess = parts.metrics.gaugeSet(
      'smsgw_collector_last_success_timestamp_seconds',
      'When a collector last read all it publishes',
      ['collector'],
    )
  }

  async start(): Promise<void> {
    this.#every(this.#parts.settings.LAG_SAMPLE_MS, () => this.#collect('lag', () => this.#sample()))
    this.#every(DESCRIBE_MS, () => this.#collect('topics', () => this.#describe()))
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    await Promise.all(this.#running.values())
    await this.#connections.close()
  }

  #every(ms: number, collect: () => void): void {
    this.#timers.push(setInterval(collect, ms))
    collect()
  }

  /** A sample that takes longer than the interval skips the next one. */
  #collect(collector: string, look: () => Promise<void>): void {
    if (this.#running.has(collector)) return
    const failure = this.#failureOf(collector)
    const running = look()
      .then(() => {
        this.#lastSuccess.set({ collector }, Date.now() / 1_000)
        failure.succeeded()
      })
      .catch((error) => void failure.failed(error))
      .finally(() => this.#running.delete(collector))
    this.#running.set(collector, running)
  }

  #failureOf(collector: string): RepeatedFailure {
    let failure = this.#failures.get(collector)
    if (!failure) {
      failure = new RepeatedFailure({ what: `collection of ${collector}`, log: this.#parts.log })
      this.#failures.set(collector, failure)
      this.#parts.health.add(`monitor-${collector}`, failure.check)
    }
    return failure
  }

  async #sample(): Promise<void> {
    const { cluster } = this.#parts
    await cluster.refresh()
    this.#topicMetrics.publishReplicas(cluster, this.#topics())
    this.#history.add(await sampleLag(cluster, this.#connections, { topics: Object.values(TOPICS) }))
    await recallAges(cluster, this.#connections, this.#history)
    this.#lagMetrics.publish(cluster.clusterId, groupReports(this.#history))
    this.#topicMetrics.publishReplicas(cluster, this.#topics())
    this.#topicMetrics.publishEnds(this.#history.partitions)
    if (this.#topics().join() !== this.#described.join()) this.#collect('topics', () => this.#describe())
  }

  async #describe(): Promise<void> {
    const { cluster } = this.#parts
    // Describing tries again for long while no broker answers, which a monitor that stops could not wait for.
    await cluster.refresh()
    const topics = this.#topics()
    this.#topicMetrics.publishTopics((await describeTopics(cluster, topics)).values())
    this.#described = topics
    this.#topicMetrics.publishLogDirs(await describeLogDirs(cluster, this.#connections))
  }

  /** Those of the last look. */
  #topics(): string[] {
    return [...new Set(this.#history.partitions.map(({ topic }) => topic))].sort()
  }
}
