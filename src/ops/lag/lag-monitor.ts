import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Service } from '../../runtime/service.ts'
import type { Values } from '../../runtime/settings.ts'
import { integer } from '../../runtime/settings.ts'
import { readLag } from './read-lag.ts'

export const monitorSettings = {
  LAG_SAMPLE_MS: integer(5_000, 'How often the lag of all groups is read', { min: 500 }),
}

export interface LagMonitorParts {
  readonly settings: Values<typeof monitorSettings>
  readonly cluster: Cluster
  readonly metrics: Metrics
  readonly log: Log
}

/** The role `monitor`: reads the lag of every group on a timer and publishes it as a metric. */
export class LagMonitor implements Service {
  readonly name = 'monitor'
  readonly #parts: LagMonitorParts
  readonly #connections: BrokerConnections
  readonly #lag
  #timer: NodeJS.Timeout | null = null
  #sampling: Promise<void> | null = null

  constructor(parts: LagMonitorParts) {
    this.#parts = parts
    this.#connections = parts.cluster.connections()
    this.#lag = parts.metrics.gaugeSet('kafka_consumer_lag', 'Records that a group has still to read', [
      'group',
      'topic',
    ])
  }

  async start(): Promise<void> {
    const { settings, log } = this.#parts
    this.#timer = setInterval(() => {
      this.#sampling ??= this.#sample()
        .catch((error) => log.warn({ err: error }, 'the lag could not be read; trying again'))
        .finally(() => {
          this.#sampling = null
        })
    }, settings.LAG_SAMPLE_MS)
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await this.#sampling
    await this.#connections.close()
  }

  async #sample(): Promise<void> {
    const lags = await readLag(this.#parts.cluster, this.#connections)
    this.#lag.reset()
    for (const { group, topic, lag } of lags) this.#lag.inc({ group, topic }, lag)
  }
}
