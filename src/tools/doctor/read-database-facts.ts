import { readClock } from '../../postgres/clock-skew.ts'
import type { Pool } from '../../postgres/pool.ts'
import type { DatabaseFacts } from './check-database.ts'

const NAMES = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'autovacuum',
  'wal_level',
  'max_wal_size',
  'max_connections',
  'server_version',
]

/** Reads what the examination of a database needs; its clock by the middle of a round trip. */
export async function readDatabaseFacts(pool: Pool): Promise<DatabaseFacts> {
  await pool.query('SELECT 1')
  const { skewMs, errorMs } = await readClock(pool)
  const { rows } = await pool.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [NAMES],
  )
  const state = await pool.query<{ connections: number; standby: boolean }>(
    'SELECT count(*) AS connections, pg_is_in_recovery() AS standby FROM pg_stat_activity WHERE backend_type = $1',
    ['client backend'],
  )
  const { connections, standby } = state.rows[0]!
  return {
    settings: new Map(rows.map(({ name, setting }) => [name, setting])),
    connections,
    isStandby: standby,
    clockSkewMs: skewMs,
    clockErrorMs: errorMs,
  }
}
