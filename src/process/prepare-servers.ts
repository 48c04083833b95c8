import type { Cluster } from '../kafka/cluster/cluster.ts'
import { migrate } from '../postgres/migrate.ts'
import type { Pool } from '../postgres/pool.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Log } from '../runtime/log.ts'
import { ensurePartitions } from '../tables/ensure-partitions.ts'
import { ensureTopics } from '../topics/ensure-topics.ts'
import type { DeclaredTopic } from '../topics/topics-file.ts'

/** A server that the gateway needs and cannot reach, with the remedy. */
class ServerUnreachableError extends ExpectedError {
  override readonly name = 'ServerUnreachableError'
}

/**
 * Brings the database to what this version needs. Any number of processes may do so at once, and again.
 * Throws ServerUnreachableError or MigrationError.
 */
export async function prepareDatabase(pool: Pool, log: Log): Promise<void> {
  await reachDatabase(pool)
  const migrations = await migrate(pool)
  if (migrations.length > 0) log.info({ migrations }, 'database migrated')
  await ensurePartitions(pool, Date.now())
}

/**
 * Creates the topics that are missing. Any number of processes may do so at once, and again. Throws
 * ServerUnreachableError.
 */
export async function prepareTopics(cluster: Cluster, declared: readonly DeclaredTopic[], log: Log): Promise<void> {
  await reachKafka(cluster)
  const { created, differences } = await ensureTopics(cluster, declared)
  if (created.length > 0) log.info({ topics: created }, 'topics created')
  for (const difference of differences) log.warn(difference, 'topic differs from its declaration; left unchanged')
}

async function reachDatabase(pool: Pool): Promise<void> {
  try {
    await pool.query('SELECT 1')
  } catch (cause) {
    const { host, port } = pool.options
    throw new ServerUnreachableError(
      `PostgreSQL does not answer as DATABASE_URL says: ${(cause as Error).message}. ` +
        `Check that it runs${host ? ` at ${host}:${port}` : ''} and that user, password and database are right.`,
      { cause },
    )
  }
}

async function reachKafka(cluster: Cluster): Promise<void> {
  try {
    await cluster.refresh()
  } catch (cause) {
    throw new ServerUnreachableError(
      `${(cause as Error).message}. Check KAFKA_BROKERS (host:port,host:port) and that the brokers run.`,
      { cause },
    )
  }
}
