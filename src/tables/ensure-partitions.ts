import { textArray } from '../postgres/array-literal.ts'
import type { Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { DAY_MS, PARTITIONED_TABLES, partitionBoundary, partitionName, startOfDay } from './partitioned-tables.ts'

const DAYS_AHEAD = 8
/** Two processes that make the same partition at once would collide; the number is arbitrary, and ours. */
const PARTITION_LOCK = 7_306_002

/**
 * Makes the daily partitions from yesterday to a week ahead where they are missing. Large tables are partitioned by
 * day so that old days can be dropped whole. Takes no lock that accepting, sending or a report would wait for.
 */
export async function ensurePartitions(pool: Pool, nowMs: number): Promise<void> {
  const creations = creationsOf(startOfDay(nowMs))
  await inTransaction(pool, async (connection) => {
    await connection.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK])
    const { rows } = await connection.query<{ name: string }>(
      'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL',
      [textArray([...creations.keys()])],
    )
    for (const { name } of rows) for (const statement of creations.get(name)!) await connection.query(statement)
  })
}

/**
 * What makes each partition, by its name. `CREATE TABLE … PARTITION OF` would queue behind a report that reads the table,
 * and accepting behind it; attaching does not.
 */
function creationsOf(todayMs: number): ReadonlyMap<string, readonly string[]> {
  const creations = new Map<string, readonly string[]>()
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const startMs = todayMs + day * DAY_MS
    for (const table of PARTITIONED_TABLES) {
      const name = partitionName(table.name, startMs)
      const [from, to] = [partitionBoundary(table, startMs), partitionBoundary(table, startMs + DAY_MS)]
      creations.set(name, [
        `CREATE TABLE ${name} (LIKE ${table.name} INCLUDING ALL) ${table.storage}`,
        `ALTER TABLE ${table.name} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`,
      ])
    }
  }
  return creations
}
