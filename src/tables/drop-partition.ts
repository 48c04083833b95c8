import { textArray } from '../postgres/array-literal.ts'
import type { Connection, Queryable } from '../postgres/pool.ts'
import { dayOfPartition } from './partitioned-tables.ts'

/**
 * A day of a table. `detaching`: a DETACH CONCURRENTLY was interrupted between its two transactions. `detached`: it is a
 * table of its own, of which only the DROP is missing.
 */
export interface Partition {
  readonly table: string
  readonly name: string
  readonly dayStartMs: number
  readonly state: 'attached' | 'detaching' | 'detached'
}

/** The daily partitions of these tables, also those that were detached and not dropped, oldest first. */
export async function listPartitions(database: Queryable, tables: readonly string[]): Promise<Partition[]> {
  const { rows } = await database.query<Omit<Partition, 'dayStartMs'>>({
    name: 'partitions-list',
    text: `SELECT parent.relname AS table, child.relname AS name,
             CASE WHEN link.inhdetachpending THEN 'detaching' ELSE 'attached' END AS state
           FROM pg_inherits AS link JOIN pg_class AS parent ON parent.oid = link.inhparent
           JOIN pg_class AS child ON child.oid = link.inhrelid
           WHERE parent.relkind = 'p' AND parent.relnamespace = current_schema()::regnamespace
             AND parent.relname = ANY($1::text[])
           UNION ALL
           SELECT left(relname, -9), relname, 'detached' FROM pg_class
           WHERE relkind = 'r' AND NOT relispartition AND relnamespace = current_schema()::regnamespace
             AND relname ~ '_[0-9]{8}$' AND left(relname, -9) = ANY($1::text[])`,
    values: [textArray(tables)],
  })
  return rows
    .flatMap((row): Partition[] => {
      const dayStartMs = dayOfPartition(row.name)
      return dayStartMs === null ? [] : [{ ...row, dayStartMs }]
    })
    .sort((a, b) => a.dayStartMs - b.dayStartMs)
}

/** Finishes a detaching that was interrupted; a table with one of them lets no other partition be detached. */
export async function finishDetaching(connection: Connection, { table, name }: Partition): Promise<void> {
  await connection.query(`ALTER TABLE ${table} DETACH PARTITION ${name} FINALIZE`)
}

/**
 * Drops a partition, whose detaching has not begun or is finished, without a lock that readers or writers of its table would
 * wait for. `carry` runs in the transaction that drops what is detached by then. The connection's `lock_timeout`
 * bounds each wait; what throws by it is tried again later.
 */
export async function dropPartition(
  connection: Connection,
  { table, name, state }: Partition,
  carry?: (detached: string) => string,
): Promise<void> {
  if (state === 'attached') await connection.query(`ALTER TABLE ${table} DETACH PARTITION ${name} CONCURRENTLY`)
  await connection.query('BEGIN')
  try {
    if (carry) await connection.query(carry(name))
    await connection.query(`DROP TABLE ${name}`)
    await connection.query('COMMIT')
  } catch (error) {
    await connection.query('ROLLBACK')
    throw error
  }
}
