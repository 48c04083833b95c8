import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ClickHouseServer } from '../../embedded/clickhouse/clickhouse-server.ts'
import { KafkaCluster } from '../../embedded/kafka/kafka-cluster.ts'
import { restartableNode } from '../../embedded/kafka/restartable-node.ts'
import { PostgresServer } from '../../embedded/postgres/postgres-server.ts'
import type { Progress } from '../../embedded/progress.ts'
import type { RestartableServer } from '../../embedded/restartable-server.ts'
import type { ClusterOptions } from '../../kafka/cluster/cluster.ts'

interface ServerAddresses {
  readonly kafka: string
  readonly database: string
  /** With user and password. */
  readonly clickhouse: string
}

type KafkaLogin = Pick<ClusterOptions, 'sasl'>

export interface EmbeddedServers {
  /** For everyone on this machine. */
  readonly addresses: ServerAddresses
  /** How clients log in to the brokers that were started here; empty for those that were given. */
  readonly kafkaLogin: KafkaLogin
  /** For the gateway's own processes: `addresses.database`, by a shorter way if there is one. */
  readonly databaseForRoles: string
  /** Whether ClickHouse is one that was started here, and shares the cores with all the rest. */
  readonly hasOwnClickHouse: boolean
  /** Those that were started here; each broker by itself. */
  readonly servers: readonly RestartableServer[]
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly folder: string
  readonly cacheFolder: string
  readonly brokers: 1 | 3
  /** Addresses of servers that run elsewhere; an empty one is started here. */
  readonly given: ServerAddresses
  readonly progress: Progress
  /** Aborted to cancel the start. */
  readonly stopping?: AbortSignal
}

interface Started {
  readonly address: string
  readonly servers: readonly RestartableServer[]
}

/**
 * Starts what is not given, all at once. If one cannot start, or the start is cancelled, the others are stopped and
 * the error is thrown.
 */
export async function startEmbeddedServers(options: EmbeddedOptions): Promise<EmbeddedServers> {
  const { given, stopping } = options
  let databaseForRoles = given.database
  let kafkaLogin: KafkaLogin = {}
  const results = await Promise.allSettled([
    given.kafka === ''
      ? startKafka(options, (login) => {
          kafkaLogin = login
        })
      : elsewhere(given.kafka),
    given.database === ''
      ? startPostgres(options, (url) => {
          databaseForRoles = url
        })
      : elsewhere(given.database),
    given.clickhouse === '' ? startClickHouse(options) : elsewhere(given.clickhouse),
  ])
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const servers = started.flatMap((each) => each.servers)
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const failed = results.find((result) => result.status === 'rejected')
  if (failed || stopping?.aborted) {
    await stop()
    throw failed ? failed.reason : stopping!.reason
  }
  const [kafka, database, clickhouse] = started.map(({ address }) => address)
  return {
    addresses: { kafka: kafka!, database: database!, clickhouse: clickhouse! },
    kafkaLogin,
    databaseForRoles,
    hasOwnClickHouse: given.clickhouse === '',
    servers,
    stop,
  }
}

const EMBEDDED_CONSUMERS_MAX = 2

/** The defaults that these servers change; settings in the environment override them. */
export function defaultsOf({ hasOwnClickHouse }: EmbeddedServers, cores = availableParallelism()): NodeJS.ProcessEnv {
  if (!hasOwnClickHouse) return {}
  return { CLICKHOUSE_CONSUMERS: String(Math.max(1, Math.min(EMBEDDED_CONSUMERS_MAX, Math.floor(cores / 4)))) }
}

/** The settings by which roles find these servers. */
export function environmentOf({
  addresses,
  kafkaLogin: { sasl },
  databaseForRoles,
}: EmbeddedServers): NodeJS.ProcessEnv {
  return {
    KAFKA_BROKERS: addresses.kafka,
    ...(sasl && {
      KAFKA_SASL_MECHANISM: sasl.mechanism,
      KAFKA_SASL_USERNAME: String(sasl.username),
      KAFKA_SASL_PASSWORD: String(sasl.password),
      KAFKA_SASL_PASSWORD_FILE: '',
    }),
    DATABASE_URL: databaseForRoles,
    CLICKHOUSE_URL: addresses.clickhouse,
  }
}

async function elsewhere(address: string): Promise<Started> {
  return { address, servers: [] }
}

async function startKafka(
  { folder, cacheFolder, brokers, progress, stopping }: EmbeddedOptions,
  loginKnown: (login: KafkaLogin) => void,
): Promise<Started> {
  const cluster = await KafkaCluster.start({ folder: join(folder, 'kafka'), cacheFolder, brokers, progress, stopping })
  const { brokers: _brokers, ...login } = cluster.access
  loginKnown(login)
  return { address: cluster.brokers, servers: cluster.nodeIds.map((nodeId) => restartableNode(cluster, nodeId)) }
}

async function startPostgres(
  { folder, progress, stopping }: EmbeddedOptions,
  forRoles: (url: string) => void,
): Promise<Started> {
  const server = await PostgresServer.start(join(folder, 'postgres'), progress, stopping)
  forRoles(server.socketUrl())
  return { address: server.url(), servers: [server] }
}

async function startClickHouse({ folder, given, progress, stopping }: EmbeddedOptions): Promise<Started> {
  const server = await ClickHouseServer.start(join(folder, 'clickhouse'), progress, { brokers: given.kafka, stopping })
  return { address: server.url, servers: [server] }
}
