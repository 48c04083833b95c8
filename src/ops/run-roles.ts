import type { FastifyInstance } from 'fastify'
import { TOPICS } from '../events/topics.ts'
import { Cluster } from '../kafka/cluster/cluster.ts'
import { Producer } from '../kafka/producer/producer.ts'
import { producerOptions } from '../kafka/producer/producer-options.ts'
import { OperatorDirectory } from '../operators/operator-directory.ts'
import { ClockSkew } from '../postgres/clock-skew.ts'
import { createPool } from '../postgres/pool.ts'
import { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { observeProducer } from '../runtime/observe-kafka.ts'
import { operationsRoutes } from '../runtime/operations-routes.ts'
import { type Service, ServiceGroup } from '../runtime/service.ts'
import { ConfigurationError, readSettings } from '../runtime/settings.ts'
import { type ProcessParts, ROLES, type RoleName } from '../services.ts'
import type { GatewaySettings } from '../settings.ts'
import { createAdminApp, readAdminAccess } from './admin-requests.ts'
import { dlqSettings } from './dlq/config.ts'
import { deadLetterRoutes } from './dlq/dead-letter-routes.ts'
import { kafkaSecurity } from './kafka-security.ts'
import { operatorRoutes } from './operators/operator-routes.ts'
import { prepareServers } from './prepare-servers.ts'

export interface RunningRoles {
  readonly metrics: Metrics
  readonly health: Health
  readonly roles: ReadonlyMap<string, Service>
  /** Takes nothing new, finishes what was begun, lets go of everything. */
  stop(): Promise<void>
}

export interface RunOptions {
  readonly gateway: GatewaySettings
  readonly env: NodeJS.ProcessEnv
  /** Shown as the label `process` of metrics, and to PostgreSQL and Kafka. */
  readonly processName: string
  /** Whether to serve metrics and health on the admin port; a supervised process leaves that to its supervisor. */
  readonly servesOperations: boolean
  readonly log: Log
}

/** Runs roles in this process. Throws what `prepareServers` and the roles throw when they cannot start. */
export async function runRoles(names: readonly RoleName[], options: RunOptions): Promise<RunningRoles> {
  const { gateway, env, processName, log } = options
  demandServers(gateway)
  if (options.servesOperations) readAdminAccess(gateway)
  const security = kafkaSecurity(gateway)
  const health = new Health()
  const metrics = new Metrics({ process: processName })
  const pool = createPool({
    plansByKey: true,
    url: gateway.DATABASE_URL,
    applicationName: `smsgw-${processName}`,
    connectionsMax: gateway.DATABASE_CONNECTIONS_MAX,
    idleConnectionFailed: (error) => log.warn({ err: error }, 'an idle connection to PostgreSQL broke'),
  })
  const brokers = gateway.KAFKA_BROKERS.split(',')
  const cluster = new Cluster({ brokers, clientId: `smsgw-${processName}`, ...security })
  const producer = new Producer(cluster, producerOptions('safe'), observeProducer(log, metrics, 'main'))
  const clock = new ClockSkew({ pool, metrics, log })
  let operators: OperatorDirectory | undefined
  const closeAll = async (): Promise<void> => {
    clock.stop()
    await operators?.stop()
    await producer.close()
    await cluster.close()
    await pool.end()
  }
  let operations: FastifyInstance | undefined
  try {
    await prepareServers(pool, cluster, gateway.TOPICS_FILE, log)
    operators = await OperatorDirectory.open({ pool, file: gateway.OPERATORS_FILE, log })
    const directory = operators
    metrics.gauge(
      'smsgw_operators_revision',
      'Revision of operators and routes that is in use',
      () => directory.current().revision,
    )
    await producer.start(Object.values(TOPICS))
    clock.start()
    health.add('postgres', async () => void (await pool.query('SELECT 1')))
    health.add('kafka', () => cluster.refresh())
    const roles = new Map<string, Service>()
    const instanceId = gateway.KAFKA_INSTANCE_ID === '' ? null : `${gateway.KAFKA_INSTANCE_ID}-${processName}`
    const parts: ProcessParts = { gateway, instanceId, pool, cluster, producer, operators, health, metrics, log, roles }
    for (const name of names) roles.set(name, ROLES[name].create(parts, env))
    const group = new ServiceGroup(processName, [...roles.values()])
    if (options.servesOperations) operations = await serveOperations(options, { pool, health, metrics })
    await group.start()
    const stop = async (): Promise<void> => {
      health.drain()
      await group.stop()
      await closeAll()
      await operations?.close()
    }
    return { metrics, health, roles, stop }
  } catch (error) {
    await operations?.close()
    await closeAll()
    throw error
  }
}

function demandServers(gateway: GatewaySettings): void {
  const missing = (['KAFKA_BROKERS', 'DATABASE_URL'] as const).filter((name) => gateway[name] === '')
  if (missing.length === 0) return
  throw new ConfigurationError(
    missing.map((name) => `${name} is not set; \`smsgw run\` needs it, only \`smsgw up\` starts servers of its own`),
  )
}

async function serveOperations(
  { gateway, env, log }: RunOptions,
  { pool, health, metrics }: Pick<ProcessParts, 'pool' | 'health' | 'metrics'>,
): Promise<FastifyInstance> {
  const access = readAdminAccess(gateway)
  const app = createAdminApp(access)
  operationsRoutes(app, health, metrics)
  const { DLQ_REDRIVES_MAX: redrivesMax } = readSettings(dlqSettings, env)
  await app.register(async (api) => deadLetterRoutes(api, { pool, redrivesMax, log }))
  await app.register(async (api) => operatorRoutes(api, { pool, metrics: () => metrics.registry.getMetricsAsJSON() }))
  await app.listen({ port: access.port, host: access.host })
  return app
}
