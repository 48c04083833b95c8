import { firstSmsIdAt } from '../domain/sms-id.ts'
import type { Pool } from './pool.ts'

const DAY_MS = 86_400_000
const DAYS_AHEAD = 8
/** Two processes that make the same partition at once would collide; the number is arbitrary, and ours. */
const PARTITION_LOCK = 7_306_002

interface PartitionedTable {
  readonly name: string
  /** What a day's partition begins with. */
  readonly boundary: (dayStartMs: number) => string
  readonly storage: string
}

/**
 * A day's partition grows from nothing: PostgreSQL's own thresholds, which follow a table's size, would have it cleaned
 * and sampled again every few seconds of its first hour.
 */
const GROWING = `autovacuum_vacuum_threshold = 100000, autovacuum_vacuum_insert_threshold = 1000000,
  autovacuum_analyze_threshold = 100000, autovacuum_analyze_scale_factor = 0.5`
const APPENDED = `WITH (${GROWING})`
/** Rows of these are updated once or twice: room for the new versions keeps the updates within their page. */
const UPDATED = `WITH (fillfactor = 70, ${GROWING})`

const TABLES: readonly PartitionedTable[] = [
  { name: 'messages', boundary: (ms) => String(firstSmsIdAt(ms)), storage: APPENDED },
  { name: 'message_states', boundary: (ms) => String(firstSmsIdAt(ms)), storage: UPDATED },
  { name: 'attempts', boundary: (ms) => String(firstSmsIdAt(ms)), storage: UPDATED },
  { name: 'attempt_parts', boundary: (ms) => String(firstSmsIdAt(ms)), storage: UPDATED },
  { name: 'ledger', boundary: (ms) => String(firstSmsIdAt(ms)), storage: APPENDED },
  { name: 'idempotency', boundary: (ms) => `'${new Date(ms).toISOString()}'`, storage: APPENDED },
]

/**
 * Makes the daily partitions from yesterday to a week ahead where they are missing. Large tables are partitioned by
 * day so that old days can be dropped whole.
 */
export async function ensurePartitions(pool: Pool, nowMs: number): Promise<void> {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS
  const statements: string[] = []
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const startMs = today + day * DAY_MS
    for (const { name, boundary, storage } of TABLES) {
      statements.push(
        `CREATE TABLE IF NOT EXISTS ${name}_${suffixOf(startMs)} PARTITION OF ${name}
           FOR VALUES FROM (${boundary(startMs)}) TO (${boundary(startMs + DAY_MS)}) ${storage}`,
      )
    }
  }
  const connection = await pool.connect()
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [PARTITION_LOCK])
    // Of each table: one that a migration added has none yet.
    const { rows } = await connection.query<{ missing: boolean }>(
      'SELECT bool_or(to_regclass(name) IS NULL) AS missing FROM unnest($1::text[]) AS name',
      [TABLES.map(({ name }) => `${name}_${suffixOf(today + DAYS_AHEAD * DAY_MS)}`)],
    )
    if (rows[0]!.missing) for (const statement of statements) await connection.query(statement)
  } finally {
    await connection.query('SELECT pg_advisory_unlock($1)', [PARTITION_LOCK]).catch(() => {})
    connection.release()
  }
}

function suffixOf(dayMs: number): string {
  return new Date(dayMs).toISOString().slice(0, 10).replaceAll('-', '')
}
