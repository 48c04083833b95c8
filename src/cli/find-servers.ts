import { type ActedResult, changeWithAct } from '../admin/acts/change-database.ts'
import { Cluster, type ClusterOptions } from '../kafka/cluster/cluster.ts'
import { readDatabaseMs } from '../postgres/clock-skew.ts'
import { type Connection, createPool, type Pool } from '../postgres/pool.ts'
import { kafkaSecurity } from '../process/kafka-security.ts'
import { kafkaOf, readServersFile, type ServersFile } from '../process/servers/servers-file.ts'
import { gatewaySettings } from '../process/settings.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { readSettings } from '../runtime/settings.ts'
import { ensurePartitions } from '../tables/ensure-partitions.ts'

/** Where a command finds what it works on: what the environment names, else a `smsgw up` that runs here. */
function find(variable: string, of: 'kafka' | 'database' | 'clickhouse' | 'api' | 'admin' | 'api_key'): string {
  return process.env[variable] || running(variable)[of]
}

function running(variable: string): ServersFile {
  const servers = readServersFile(process.env.SMSGW_DATA || '.smsgw')
  if (servers) return servers
  throw new ExpectedError(`${variable} is not set, and no \`smsgw up\` runs here. Set it, or start one.`)
}

/** The login of brokers that \`smsgw up\` has started is in its file; that of others is in the environment. */
function findKafka(): Pick<ClusterOptions, 'brokers' | 'tls' | 'sasl'> {
  const settings = readSettings(gatewaySettings, process.env)
  if (settings.KAFKA_BROKERS !== '') {
    return { brokers: settings.KAFKA_BROKERS.split(','), ...kafkaSecurity(settings) }
  }
  const servers = running('KAFKA_BROKERS')
  return { ...kafkaSecurity({ ...settings, KAFKA_BROKERS: servers.kafka }), ...kafkaOf(servers) }
}

export const findClickHouse = (): string => find('CLICKHOUSE_URL', 'clickhouse')
export const findApi = (): string => find('SMSGW_API', 'api')
export const findApiKey = (): string => find('SMSGW_API_KEY', 'api_key')

/** Runs work with a client of the cluster, and closes it. */
export async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster({ ...findKafka(), clientId: 'smsgw-cli' })
  try {
    return await work(cluster)
  } finally {
    await cluster.close()
  }
}

/**
 * Runs work with a pool of connections to the database, and closes it. PostgreSQL refuses every change: a command that
 * makes one does so with `changeDatabase`, which records the act.
 */
export function withDatabase<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  return withPool(work, true)
}

/**
 * As `withDatabase`, for changes that record themselves: those of dead letters, of signed anchors, and replays. Makes the
 * daily partitions that are missing, as every role does at its start: no role need have run today.
 */
export function withWritableDatabase<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const prepared = async (pool: Pool): Promise<T> => {
    await ensurePartitions(pool, await readDatabaseMs(pool))
    return work(pool)
  }
  return withPool(prepared, false)
}

/** Runs an administrator's change, and records its act in the same transaction. */
export function changeDatabase<T>(by: string, work: (connection: Connection) => Promise<ActedResult<T>>): Promise<T> {
  return withWritableDatabase((pool) => changeWithAct(pool, by, work))
}

async function withPool<T>(work: (pool: Pool) => Promise<T>, isReadOnly: boolean): Promise<T> {
  const url = find('DATABASE_URL', 'database')
  const pool = createPool({ url, applicationName: 'smsgw-cli', connectionsMax: 4, isReadOnly })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}
