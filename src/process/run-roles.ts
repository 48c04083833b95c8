import type { FastifyInstance } from 'fastify'
import { createAdminApp, readAdminAccess } from '../admin/admin-requests.ts'
import { observeProducer } from '../consumer-role/observe-kafka.ts'
import { dlqSettings } from '../dead-letters/config.ts'
import { deadLetterRoutes } from '../dead-letters/dead-letter-routes.ts'
import { CONNECTORS } from '../delivery/connectors/connectors.ts'
import { TOPICS } from '../events/topics.ts'
import { Cluster } from '../kafka/cluster/cluster.ts'
import { Producer } from '../kafka/producer/producer.ts'
import { PRODUCER_LOSS, producerOptions } from '../kafka/producer/producer-options.ts'
import { OperatorDirectory } from '../operators/operator-directory.ts'
import { ClockSkew } from '../postgres/clock-skew.ts'
import { createPool, type Pool } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { operationsRoutes } from '../runtime/operations-routes.ts'
import { type Service, ServiceGroup } from '../runtime/service.ts'
import { ConfigurationError, readSettings } from '../runtime/settings.ts'
import { operatorRoutes } from '../tools/operators/operator-routes.ts'
import { readTopicsFile } from '../topics/topics-file.ts'
import { createDiskWatch } from './create-disk-watch.ts'
import { kafkaSecurity } from './kafka-security.ts'
import { prepareDatabase, prepareTopics } from './prepare-servers.ts'
import { type ProcessParts, ROLES, ROLES_WITHOUT_KAFKA, type RoleName } from './roles.ts'
import type { GatewaySettings } from './settings.ts'
import { ServerWait } from './wait-for-server.ts'

/** A connection to a server that does not answer may take seconds to end; that is left to the exit. */
const WAITING_CLOSE_MS = 800

export interface StartedRoles {
  readonly metrics: Metrics
  readonly health: Health
  /**
   * Resolves with the roles when all do their work; null when they were stopped before that. However long a server is
   * unavailable, they wait for it. Throws what a retry cannot cure: ExpectedError for settings, a login or a file.
   */
  readonly started: Promise<ReadonlyMap<string, Service> | null>
  /** Takes nothing new, finishes what was begun, releases everything. */
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
  /** Called with the reason when the start waits for a server. */
  readonly waiting?: (why: string) => void
}

/**
 * Runs roles in this process. From the first moment the process is live, and not ready until its roles work; those that
 * need PostgreSQL alone work while Kafka is unavailable. Throws ConfigurationError.
 */
export function startRoles(names: readonly RoleName[], options: RunOptions): StartedRoles {
  demandServers(options.gateway)
  if (options.servesOperations) readAdminAccess(options.gateway)
  return new RoleProcess(names, options)
}

class RoleProcess implements StartedRoles {
  readonly metrics: Metrics
  readonly health = new Health()
  readonly started: Promise<ReadonlyMap<string, Service> | null>
  readonly #names: readonly RoleName[]
  readonly #options: RunOptions
  readonly #pool: Pool
  readonly #cluster: Cluster
  readonly #wait: ServerWait
  readonly #disk
  readonly #clock: ClockSkew
  #operations: FastifyInstance | null = null
  /** What the start under way, or the one that succeeded, has to release. */
  #closeAttempt: () => Promise<void> = async () => {}
  #isStarted = false

  constructor(names: readonly RoleName[], options: RunOptions) {
    const { gateway, processName, log } = options
    this.#names = names
    this.#options = options
    const security = kafkaSecurity(gateway)
    this.metrics = new Metrics({ process: processName })
    this.#pool = createPool({
      plansByKey: true,
      url: gateway.DATABASE_URL,
      applicationName: `smsgw-${processName}`,
      connectionsMax: gateway.DATABASE_CONNECTIONS_MAX,
      idleConnectionFailed: (error) => log.warn({ err: error }, 'idle PostgreSQL connection failed'),
    })
    this.#cluster = new Cluster({
      brokers: gateway.KAFKA_BROKERS.split(','),
      clientId: `smsgw-${processName}`,
      ...security,
    })
    this.#wait = new ServerWait(log, options.waiting)
    this.#disk = createDiskWatch(gateway, this.metrics, log)
    this.#clock = new ClockSkew({ pool: this.#pool, metrics: this.metrics, log })
    this.started = this.#start()
  }

  async stop(): Promise<void> {
    this.health.drain()
    const isWaiting = this.#wait.why !== null
    this.#wait.stop()
    const closed = this.started.then(() => this.#close()).catch(() => {})
    await Promise.race(isWaiting ? [closed, sleep(WAITING_CLOSE_MS)] : [closed])
  }

  async #start(): Promise<ReadonlyMap<string, Service> | null> {
    try {
      const topics = readTopicsFile(this.#options.gateway.TOPICS_FILE)
      this.health.add('start', () => {
        if (!this.#isStarted) throw new Error(this.#wait.why ?? 'the roles are starting')
      })
      this.health.add('postgres', async () => void (await this.#pool.query('SELECT 1')))
      this.health.add('kafka', () => this.#cluster.refresh())
      if (this.#options.servesOperations) this.#operations = await serveOperations(this.#options, this.#pool, this)
      this.#disk.start()
      const roles = await this.#wait.until('start of the roles', () => this.#attempt(topics))
      this.#isStarted = roles !== null
      return roles
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  /** One try to start everything. What a server's absence breaks off is released, and the next try starts afresh. */
  async #attempt(topics: ReturnType<typeof readTopicsFile>): Promise<ReadonlyMap<string, Service>> {
    const { gateway, processName, env, log } = this.#options
    const wait = this.#wait
    await wait.until('connection to PostgreSQL', async () => {
      await prepareDatabase(this.#pool, log)
      await this.#clock.sample()
    })
    this.#clock.start()
    wait.throwIfStopped()
    const { KAFKA_PRODUCER: profile, OPERATORS_FILE: file } = gateway
    const loss = PRODUCER_LOSS[profile]
    if (loss !== null) log.warn({ profile, loss }, 'this producer profile may lose acknowledged records')
    const producer = new Producer(this.#cluster, producerOptions(profile), observeProducer(log, this.metrics, 'main'))
    const opening: Service[] = []
    let operators: OperatorDirectory | undefined
    this.#closeAttempt = async () => {
      await new ServiceGroup(processName, opening).stop()
      await operators?.stop()
      await producer.close()
    }
    try {
      operators = await OperatorDirectory.open({ pool: this.#pool, file, connectors: CONNECTORS, log })
      const roles = this.#createRoles(operators, producer, env)
      opening.push(...roles.values())
      const isAlone = (name: string): boolean => ROLES_WITHOUT_KAFKA.has(name as RoleName)
      await startAll([...roles].filter(([name]) => isAlone(name)))
      await wait.until('connection to Kafka', async () => {
        await prepareTopics(this.#cluster, topics, log)
        await producer.start(Object.values(TOPICS))
      })
      wait.throwIfStopped()
      await startAll([...roles].filter(([name]) => !isAlone(name)))
      return roles
    } catch (error) {
      await this.#closeAttempt()
      this.#closeAttempt = async () => {}
      throw error
    }
  }

  #createRoles(operators: OperatorDirectory, producer: Producer, env: NodeJS.ProcessEnv): Map<string, Service> {
    const { gateway, processName, log } = this.#options
    const roles = new Map<string, Service>()
    this.metrics.gauge('smsgw_operators_revision', 'Revision of operators and routes that is in use', () => {
      return operators.current().revision
    })
    const instanceId = gateway.KAFKA_INSTANCE_ID === '' ? null : `${gateway.KAFKA_INSTANCE_ID}-${processName}`
    const shared = {
      pool: this.#pool,
      cluster: this.#cluster,
      health: this.health,
      metrics: this.metrics,
      clock: this.#clock,
    }
    const parts: ProcessParts = { ...shared, gateway, instanceId, producer, operators, log, roles, disk: this.#disk }
    for (const name of this.#names) roles.set(name, ROLES[name].create(parts, env))
    return roles
  }

  async #close(): Promise<void> {
    await this.#disk.stop()
    await this.#closeAttempt()
    await this.#clock.stop()
    await this.#cluster.close()
    await this.#pool.end()
    await this.#operations?.close()
  }
}

async function startAll(roles: readonly (readonly [string, Service])[]): Promise<void> {
  const results = await Promise.allSettled(roles.map(([, role]) => role.start()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
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
  pool: Pool,
  { health, metrics }: Pick<StartedRoles, 'health' | 'metrics'>,
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
