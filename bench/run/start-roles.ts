import { join } from 'node:path'
import type { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../src/embedded/postgres/postgres-server.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPool, type Pool } from '../../src/postgres/pool.ts'
import type { RoleName } from '../../src/process/roles.ts'
import { SupervisedProcess } from '../../src/process/supervisor/supervised-process.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { startKafka } from './start-kafka.ts'
import type { Workbench } from './workbench.ts'

const STATEMENT_TIMEOUT_MS = 1_200_000

/** A broker and a database without any role of the gateway, which are started one by one. */
export interface Backbone {
  readonly kafka: KafkaCluster
  readonly pool: Pool
  readonly env: NodeJS.ProcessEnv
  readonly processes: Map<string, SupervisedProcess>
}

export async function startBackbone(workbench: Workbench): Promise<Backbone> {
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const [kafka, postgres] = await Promise.all([
    startKafka(workbench, 1),
    workbench.keep(PostgresServer.start(join(workbench.folder, 'postgres'), progress)),
  ])
  const pool = createPool({
    url: postgres.url(),
    applicationName: 'bench',
    connectionsMax: 4,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  await workbench.keep(Promise.resolve({ stop: () => pool.end() }))
  await migrate(pool)
  await ensurePartitions(pool, Date.now())
  const env = {
    ...process.env,
    PORT: '0',
    ADMIN_PORT: '0',
    KAFKA_BROKERS: kafka.brokers,
    DATABASE_URL: postgres.socketUrl(),
  }
  return { kafka, pool, env, processes: new Map() }
}

/**
 * Starts one role in a process of its own. Resolves when it works, with the API's address if it is that. Several of a
 * role need names of their own.
 */
export async function startRole(
  workbench: Workbench,
  backbone: Backbone,
  role: RoleName,
  name: string = role,
): Promise<string | null> {
  const { apiUrl } = await startProcess(workbench, backbone, name, ['run', role])
  return apiUrl
}

/** Starts the simulator, to which every worker that is started after it submits. */
export async function startSimulator(workbench: Workbench, backbone: Backbone): Promise<void> {
  const { simulatorPort } = await startProcess(workbench, backbone, 'simulator', ['smsc'])
  backbone.env.SIMULATOR_ADDRESS = `127.0.0.1:${simulatorPort}`
}

async function startProcess(workbench: Workbench, backbone: Backbone, name: string, args: readonly string[]) {
  const process = new SupervisedProcess({
    name,
    args,
    env: backbone.env,
    logFile: join(workbench.folder, 'logs', `${name}.log`),
    notify: (what) => workbench.progress(what),
  })
  backbone.processes.set(name, process)
  await workbench.keep(Promise.resolve(process))
  return process.start()
}

/** The sum over its labels of a process's counter or gauge; 0 while it does not answer. */
export async function readMetric(backbone: Backbone, process: string, name: string): Promise<number> {
  const metrics = (await backbone.processes.get(process)?.metrics()) as
    | { name: string; values: { value: number }[] }[]
    | undefined
  const values = metrics?.find((metric) => metric.name === name)?.values ?? []
  return values.reduce((sum, { value }) => sum + value, 0)
}
