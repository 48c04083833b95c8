import { Cluster } from '../../kafka/cluster/cluster.ts'
import { createPool, type Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readSettings } from '../../runtime/settings.ts'
import { gatewaySettings } from '../../settings.ts'
import { kafkaSecurity } from '../kafka-security.ts'
import { readServersFile } from '../up/servers-file.ts'

/** Where a command finds what it works on: what the environment names, else a `smsgw up` that runs here. */
function find(variable: string, of: 'kafka' | 'database' | 'clickhouse' | 'api' | 'admin' | 'api_key'): string {
  const named = process.env[variable]
  if (named) return named
  const running = readServersFile(process.env.SMSGW_DATA || '.smsgw')
  if (running) return running[of]
  throw new ExpectedError(`${variable} is not set, and no \`smsgw up\` runs here. Set it, or start one.`)
}

const findKafka = (): string => find('KAFKA_BROKERS', 'kafka')
export const findClickHouse = (): string => find('CLICKHOUSE_URL', 'clickhouse')
export const findApi = (): string => find('SMSGW_API', 'api')
export const findApiKey = (): string => find('SMSGW_API_KEY', 'api_key')

/** Runs work with a client of the cluster, and closes it. */
export async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const security = kafkaSecurity(readSettings(gatewaySettings, process.env))
  const cluster = new Cluster({ brokers: findKafka().split(','), clientId: 'smsgw-cli', ...security })
  try {
    return await work(cluster)
  } finally {
    await cluster.close()
  }
}

/** Runs work with a pool of connections to the database, and closes it. */
export async function withDatabase<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const url = find('DATABASE_URL', 'database')
  const pool = createPool({ url, applicationName: 'smsgw-cli', connectionsMax: 4 })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}
