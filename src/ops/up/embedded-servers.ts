import { join } from 'node:path'
import { ClickHouseServer } from '../../embedded/clickhouse/clickhouse-server.ts'
import { KafkaCluster } from '../../embedded/kafka/kafka-cluster.ts'
import { restartableNode } from '../../embedded/kafka/restartable-node.ts'
import { PostgresServer } from '../../embedded/postgres/postgres-server.ts'
import type { Progress } from '../../embedded/progress.ts'
import type { RestartableServer } from '../../embedded/restartable-server.ts'

interface ServerAddresses {
  readonly kafka: string
  readonly database: string
  readonly clickhouse: string
}

export interface EmbeddedServers {
  /** For everyone on this machine. */
  readonly addresses: ServerAddresses
  /** For the gateway's own processes: `addresses.database`, by a shorter way if there is one. */
  readonly databaseForRoles: string
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
  /** Aborted when nobody wants the servers any more while they start. */
  readonly stopping?: AbortSignal
}

interface Started {
  readonly address: string
  readonly servers: readonly RestartableServer[]
}

/**
 * Starts what is not given, all at once. If one cannot start, or nobody wants them any more, the others are stopped and
 * the error is thrown.
 */
export async function startEmbeddedServers(options: EmbeddedOptions): Promise<EmbeddedServers> {
  const { given, stopping } = options
  let databaseForRoles = given.database
  const results = await Promise.allSettled([
    given.kafka === '' ? startKafka(options) : elsewhere(given.kafka),
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
    databaseForRoles,
    servers,
    stop,
  }
}

async function elsewhere(address: string): Promise<Started> {
  return { address, servers: [] }
}

async function startKafka({ folder, cacheFolder, brokers, progress, stopping }: EmbeddedOptions): Promise<Started> {
  const cluster = await KafkaCluster.start({ folder: join(folder, 'kafka'), cacheFolder, brokers, progress, stopping })
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

async function startClickHouse({ folder, progress, stopping }: EmbeddedOptions): Promise<Started> {
  const server = await ClickHouseServer.start(join(folder, 'clickhouse'), progress, stopping)
  return { address: server.url, servers: [server] }
}
