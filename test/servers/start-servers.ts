import type { TestProject } from 'vitest/node'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { type ContractServers, startContractServers } from './contract-servers.ts'
import { findKeptServers } from './kept/find-kept-servers.ts'
import { onServer } from './on-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    kafkaBrokers: string
    databaseUrl: string
    templateDatabase: string
  }
}

/**
 * One Kafka and one PostgreSQL for all contract tests; each test takes topics, groups and a database of its own. They end
 * with the run, or stay up for the next one with TEST_SERVERS=keep.
 */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const servers = process.env.TEST_SERVERS === 'keep' ? await findKeptServers() : await startOwnServers()
  const template = await makeTemplate(servers.databaseUrl)
  project.provide('kafkaBrokers', servers.kafkaBrokers)
  project.provide('databaseUrl', servers.databaseUrl)
  project.provide('templateDatabase', template)
  return async () => {
    await onServer(servers.databaseUrl, `DROP DATABASE ${template} WITH (FORCE)`)
    await servers.stop()
  }
}

async function startOwnServers(): Promise<ContractServers> {
  const { path, remove } = temporaryFolder('smsgw-test')
  const servers = await startContractServers(path)
  return {
    ...servers,
    stop: async () => {
      await servers.stop()
      await remove()
    },
  }
}

/**
 * The database that those of tests are copied from, which takes a fraction of what migrating takes: migrated, with the
 * partitions of these days. Each run makes its own, as kept servers may serve several, of different migrations and days.
 */
async function makeTemplate(serverUrl: string): Promise<string> {
  const name = `smsgw_template_${process.pid}`
  await onServer(serverUrl, `DROP DATABASE IF EXISTS ${name}`)
  await onServer(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const pool = createPool({ url: url.href, applicationName: 'test', connectionsMax: 1 })
  try {
    await migrate(pool)
    await ensurePartitions(pool, Date.now())
  } finally {
    await pool.end()
  }
  return name
}
