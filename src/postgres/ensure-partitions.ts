import { DAY_MS, PARTITIONED_TABLES, partitionBoundary, partitionName, startOfDay } from './partitioned-tables.ts'
import type { Pool } from './pool.ts'

const DAYS_AHEAD = 8
/** Two processes that make the same partition at once would collide; the number is arbitrary, and ours. */
const PARTITION_LOCK = 7_306_002

/**
 * Makes the daily partitions from yesterday to a week ahead where they are missing. Large tables are partitioned by
 * day so that old days can be dropped whole.
 */
export async function ensurePartitions(pool: Pool, nowMs: number): Promise<void> {
  const today = startOfDay(nowMs)
  const statements: string[] = []
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const startMs = today + day * DAY_MS
    for (const table of PARTITIONED_TABLES) {
      statements.push(
        `CREATE TABLE IF NOT EXISTS ${partitionName(table.name, startMs)} PARTITION OF ${table.name}
           FOR VALUES FROM (${partitionBoundary(table, startMs)}) TO (${partitionBoundary(table, startMs + DAY_MS)})
           ${table.storage}`,
      )
    }
  }
  const connection = await pool.connect()
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [PARTITION_LOCK])
    // Of each table: one that a migration added has none yet.
    const { rows } = await connection.query<{ missing: boolean }>(
      'SELECT bool_or(to_regclass(name) IS NULL) AS missing FROM unnest($1::text[]) AS name',
      [PARTITIONED_TABLES.map(({ name }) => partitionName(name, today + DAYS_AHEAD * DAY_MS))],
    )
    if (rows[0]!.missing) for (const statement of statements) await connection.query(statement)
  } finally {
    await connection.query('SELECT pg_advisory_unlock($1)', [PARTITION_LOCK]).catch(() => {})
    connection.release()
  }
}
