import { join } from 'node:path'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../src/embedded/postgres/postgres-server.ts'
import { silent } from '../gateway/silent-progress.ts'

const CACHE_FOLDER = join(import.meta.dirname, '../../.smsgw/cache')

export interface ContractServers {
  readonly kafkaBrokers: string
  readonly databaseUrl: string
  stop(): Promise<void>
}

/** One Kafka without login and one PostgreSQL, with their data in this folder. */
export async function startContractServers(folder: string): Promise<ContractServers> {
  const [kafka, postgres] = await Promise.all([
    KafkaCluster.start({
      folder: join(folder, 'kafka'),
      cacheFolder: CACHE_FOLDER,
      brokers: 1,
      progress: silent,
      withoutLogin: true,
    }),
    PostgresServer.start(join(folder, 'postgres'), silent),
  ])
  return {
    kafkaBrokers: kafka.brokers,
    databaseUrl: postgres.url(),
    stop: async () => {
      await Promise.all([kafka.stop(), postgres.stop()])
    },
  }
}
