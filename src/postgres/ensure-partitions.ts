import { textArray } from './array-literal.ts'
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
  const statements = creations(startOfDay(nowMs))
  const connection = await pool.connect()
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [PARTITION_LOCK])
    const { rows } = await connection.query<{ name: string }>(
      'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL',
      [textArray([...statements.keys()])],
    )
    for (const { name } of rows) await connection.query(statements.get(name)!)
  } finally {
    await connection.query('SELECT pg_advisory_unlock($1)', [PARTITION_LOCK]).catch(() => {})
    connection.release()
  }
}

/** What makes each partition, by its name. */
function creations(todayMs: number): ReadonlyMap<string, string> {
  const statements = new Map<string, string>()
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const startMs = todayMs + day * DAY_MS
    for (const table of PARTITIONED_TABLES) {
      const name = partitionName(table.name, startMs)
      statements.set(
        name,
        `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table.name}
           FOR VALUES FROM (${partitionBoundary(table, startMs)}) TO (${partitionBoundary(table, startMs + DAY_MS)})
           ${table.storage}`,
      )
    }
  }
  return statements
}
