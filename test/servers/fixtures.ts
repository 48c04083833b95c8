import { randomBytes } from 'node:crypto'
import { inject, onTestFinished } from 'vitest'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { createPool, type Pool } from '../../src/postgres/pool.ts'
import { onServer } from './on-server.ts'

/** A name that no other test has. */
export function uniqueName(what: string): string {
  return `${what}-${randomBytes(6).toString('hex')}`
}

/** A client of the tests' Kafka; closed when the test ends. */
export function testCluster(clientId = 'test'): Cluster {
  const cluster = new Cluster({ brokers: inject('kafkaBrokers').split(','), clientId })
  onTestFinished(() => cluster.close())
  return cluster
}

/** A topic of its own for this test, which keeps records as they were produced: brokers would store them in snappy. */
export async function freshTopic(cluster: Cluster, partitions = 1): Promise<string> {
  const name = uniqueName('topic')
  const configs = { 'compression.type': 'producer' }
  await createTopics(cluster, [{ name, partitions, replicationFactor: 1, configs }])
  return name
}

/** A migrated database of its own for this test; dropped when the test ends. */
export async function freshDatabase(): Promise<Pool> {
  const url = new URL(inject('databaseUrl'))
  const name = uniqueName('test').replaceAll('-', '_')
  await onServer(url.href, `CREATE DATABASE ${name} TEMPLATE ${inject('templateDatabase')}`)
  const server = url.href
  url.pathname = `/${name}`
  const pool = createPool({ url: url.href, applicationName: 'test', connectionsMax: 8 })
  onTestFinished(async () => {
    await pool.end()
    await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`)
  })
  return pool
}
