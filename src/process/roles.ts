import { Analytics } from '../analytics/analytics-service.ts'
import { analyticsSettings } from '../analytics/config.ts'
import { ApiService } from '../api/api-service.ts'
import { apiSettings } from '../api/config.ts'
import { AuditLogger } from '../audit/audit-logger.ts'
import { auditSettings } from '../audit/config.ts'
import { clickhouseSettings } from '../clickhouse/config.ts'
import { dlqSettings } from '../dead-letters/config.ts'
import { DeadLetterKeeper } from '../dead-letters/dead-letter-keeper.ts'
import { deliverySettings } from '../delivery/config.ts'
import { CONNECTORS } from '../delivery/connectors/connectors.ts'
import { Worker } from '../delivery/worker.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import { canarySettings } from '../monitor/canary/config.ts'
import { createCanary } from '../monitor/canary/create-canary.ts'
import { monitorSettings } from '../monitor/lag/config.ts'
import { LagMonitor } from '../monitor/lag/lag-monitor.ts'
import { retentionSettings } from '../monitor/retention/config.ts'
import { createRetention } from '../monitor/retention/create-retention.ts'
import type { OperatorDirectory } from '../operators/operator-directory.ts'
import { receiptTimeoutMs } from '../operators/operator-schema.ts'
import { createPortability, portabilitySettings } from '../operators/portability/create-portability.ts'
import { outboxSettings } from '../outbox/config.ts'
import { OutboxService } from '../outbox/outbox-service.ts'
import type { DatabaseClock } from '../postgres/clock-skew.ts'
import type { Pool } from '../postgres/pool.ts'
import type { DiskWatch } from '../runtime/disk-watch.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type Service, ServiceGroup } from '../runtime/service.ts'
import { readSettings, type Settings, type Values } from '../runtime/settings.ts'
import { statusSettings } from '../status/config.ts'
import { ExpireUnanswered } from '../status/expire-unanswered.ts'
import { StatusUpdater } from '../status/status-updater.ts'
import { webhookSettings } from '../webhooks/config.ts'
import { WebhookDispatcher } from '../webhooks/webhook-dispatcher.ts'
import { kafkaLogin } from './kafka-security.ts'
import type { GatewaySettings } from './settings.ts'

/** What the roles of a process share. */
export interface ProcessParts {
  readonly gateway: GatewaySettings
  /** A lasting name of this process as a member of consumer groups; null for none. */
  readonly instanceId: string | null
  readonly pool: Pool
  readonly cluster: Cluster
  readonly producer: Producer
  readonly operators: OperatorDirectory
  readonly disk: DiskWatch
  readonly clock: DatabaseClock
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
  /** Roles of this process that were made before, by name. */
  readonly roles: Map<string, Service>
}

interface Role {
  readonly doc: string
  readonly settings: Settings
  create(parts: ProcessParts, env: NodeJS.ProcessEnv): Service
}

const acceptSettings = { ...apiSettings, ...portabilitySettings }
const watchSettings = { ...monitorSettings, ...canarySettings, ...retentionSettings }

/**
 * The map of the gateway: every role in the order of the message flow, and how it is made. Roles meet in
 * Kafka and PostgreSQL alone, so each may run in a process of its own, in any number; only the wake-up that `api`
 * gives to a `relay` beside it is a short cut, on which nothing depends.
 */
export const ROLES = {
  api: role('accepts messages over HTTP, charges and stores them', acceptSettings, (settings, parts) => {
    const portability = createPortability(settings, parts.pool)
    const accepted = (): void => (parts.roles.get('relay') as OutboxService | undefined)?.wake()
    return new ApiService({ ...parts, settings, portability, accepted })
  }),
  relay: role('publishes the outbox to Kafka, and republishes lost messages', outboxSettings, (settings, parts) => {
    return new OutboxService({ ...parts, settings })
  }),
  worker: role(
    'submits messages to operators and processes their receipts',
    deliverySettings,
    (settings, parts, env) => {
      const { SIMULATOR_ADDRESS: simulatorAddress, KAFKA_PRODUCER: producerProfile } = parts.gateway
      return new Worker({
        ...parts,
        settings,
        connectors: CONNECTORS,
        host: { simulatorAddress, env },
        producerProfile,
      })
    },
  ),
  status: role('writes statuses to PostgreSQL and settles the ledger', statusSettings, (settings, parts) => {
    const timeoutOf = (operator: string): number => receiptTimeoutMs(parts.operators.current().operators.get(operator))
    const watch = new ExpireUnanswered({ ...parts, settings, receiptTimeoutMs: timeoutOf })
    return new ServiceGroup('status', [new StatusUpdater({ ...parts, settings }), watch])
  }),
  webhooks: role("posts status events to customers' endpoints", webhookSettings, (settings, parts) => {
    return new WebhookDispatcher({ ...parts, settings })
  }),
  analytics: role('keeps ClickHouse consuming from Kafka', analyticsSettings, (settings, parts) => {
    const { gateway } = parts
    return new Analytics({ ...parts, settings, kafkaBrokers: gateway.KAFKA_BROKERS, kafkaLogin: kafkaLogin(gateway) })
  }),
  audit: role('keeps a tamper-evident log of every event', auditSettings, (settings, parts) => {
    return new AuditLogger({ ...parts, settings })
  }),
  dlq: role('stores dead letters in PostgreSQL for search and redrive', dlqSettings, (settings, parts) => {
    return new DeadLetterKeeper({ ...parts, settings })
  }),
  monitor: role(
    'watches lag, sends canary messages, drops what its retention ends',
    watchSettings,
    (settings, parts, env) => {
      const clickhouse = readSettings(clickhouseSettings, env)
      const { PORT: localPort } = readSettings(apiSettings, env)
      const canary = createCanary({ ...parts, settings, clickhouse, localPort })
      const lag = new LagMonitor({ ...parts, settings })
      const retention = createRetention({ ...parts, settings })
      return new ServiceGroup('monitor', canary ? [canary, lag, retention] : [lag, retention])
    },
  ),
} as const satisfies Record<string, Role>

export type RoleName = keyof typeof ROLES

export const ROLE_NAMES = Object.keys(ROLES) as RoleName[]

/** Roles that need PostgreSQL alone: they start, and work, while Kafka is unavailable. */
export const ROLES_WITHOUT_KAFKA: ReadonlySet<RoleName> = new Set(['api'])

function role<S extends Settings>(
  doc: string,
  settings: S,
  create: (settings: Values<S>, parts: ProcessParts, env: NodeJS.ProcessEnv) => Service,
): Role {
  return { doc, settings, create: (parts, env) => create(readSettings(settings, env), parts, env) }
}
