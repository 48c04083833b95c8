import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { PostgresServer } from '../../src/embedded/postgres/postgres-server.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { silent } from './silent-progress.ts'

/** The database that those of tests are copied from. */
const TEMPLATE_DATABASE = 'smsgw_template'

declare module 'vitest' {
  interface ProvidedContext {
    kafkaBrokers: string
    databaseUrl: string
    templateDatabase: string
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
  await makeTemplate(postgres.url())
  project.provide('kafkaBrokers', kafka.brokers)
  project.provide('databaseUrl', postgres.url())
  project.provide('templateDatabase', TEMPLATE_DATABASE)
  return async () => {
    await Promise.all([kafka.stop(), postgres.stop()])
    await remove()
  }
}

/** Migrated, with the partitions of these days. A copy of it takes a fraction of what migrating takes. */
async function makeTemplate(serverUrl: string): Promise<void> {
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  await server.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`).finally(() => server.end())
  const url = new URL(serverUrl)
  url.pathname = `/${TEMPLATE_DATABASE}`
  const pool = createPool({ url: url.href, applicationName: 'test', connectionsMax: 1 })
  try {
    await migrate(pool)
    await ensurePartitions(pool, Date.now())
  } finally {
    await pool.end()
  }
}
