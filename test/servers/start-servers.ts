import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../src/embedded/postgres/postgres-server.ts'
import { silent } from '../../src/embedded/progress.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    kafkaBrokers: string
    databaseUrl: string
  }
}

/** One Kafka and one PostgreSQL for all contract tests; each test takes topics, groups and a database of its own. */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const { path: folder, remove } = temporaryFolder('smsgw-test')
  const cacheFolder = join(import.meta.dirname, '../../.smsgw/cache')
  const [kafka, postgres] = await Promise.all([
    KafkaCluster.start({
      folder: join(folder, 'kafka'),
      cacheFolder,
      brokers: 1,
      progress: silent,
      withoutLogin: true,
    }),
    PostgresServer.start(join(folder, 'postgres'), silent),
  ])
  project.provide('kafkaBrokers', kafka.brokers)
  project.provide('databaseUrl', postgres.url())
  return async () => {
    await Promise.all([kafka.stop(), postgres.stop()])
    await remove()
  }
}
