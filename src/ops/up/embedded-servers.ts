import { join } from 'node:path'
import { ClickHouseServer } from '../../embedded/clickhouse/clickhouse-server.ts'
import { KafkaCluster } from '../../embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../embedded/postgres/postgres-server.ts'
import type { Progress } from '../../embedded/progress.ts'
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
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly folder: string
  readonly cacheFolder: string
  readonly brokers: 1 | 3
  /** Addresses of servers that run elsewhere; an empty one is started here. */
  readonly given: ServerAddresses
  readonly progress: Progress
}

type Stoppable = { stop(): Promise<void> }

/** Starts what is not given, all at once. If one cannot start, the others are stopped and its error is thrown. */
export async function startEmbeddedServers(options: EmbeddedOptions): Promise<EmbeddedServers> {
  const { folder, cacheFolder, brokers, given, progress } = options
  const started: Stoppable[] = []
  const keep = <Server extends Stoppable>(server: Server): Server => {
    started.push(server)
    return server
  }
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()))
  }
  let databaseForRoles = given.database
  let kafkaLogin: KafkaLogin = {}
  const results = await Promise.allSettled([
    given.kafka ||
      KafkaCluster.start({ folder: join(folder, 'kafka'), cacheFolder, brokers, progress }).then((server) => {
        const { brokers: _brokers, ...login } = keep(server).access
        kafkaLogin = login
        return server.brokers
      }),
    given.database ||
      PostgresServer.start(join(folder, 'postgres'), progress).then((server) => {
        databaseForRoles = keep(server).socketUrl()
        return server.url()
      }),
    given.clickhouse ||
      ClickHouseServer.start(join(folder, 'clickhouse'), progress, given.kafka).then((server) => keep(server).url),
  ])
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [kafka, database, clickhouse] = results.map((result) => (result as PromiseFulfilledResult<string>).value)
  const addresses = { kafka: kafka!, database: database!, clickhouse: clickhouse! }
  return { addresses, kafkaLogin, databaseForRoles, stop }
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
