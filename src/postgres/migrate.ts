import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError } from '../runtime/expected-error.ts'
import { packageFile } from '../runtime/package-files.ts'
import type { Connection, Pool } from './pool.ts'

const MIGRATIONS = packageFile('migrations/postgres')
/** Only one process migrates at a time; the number is arbitrary, and ours. */
const MIGRATION_LOCK = 7_306_001

class MigrationError extends ExpectedError {
  override readonly name = 'MigrationError'
}

/**
 * Brings the schema to the newest version: numbered files, forward only, each in its own transaction. Safe to call
 * from many processes at once. Returns the names of those applied now.
 * Throws MigrationError if an applied file was changed, or one fails; earlier ones stay.
 */
export async function migrate(pool: Pool): Promise<string[]> {
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  const connection = await pool.connect()
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    await connection.query(
      'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await connection.query<{ name: string; checksum: string }>('SELECT name, checksum FROM migrations')
    const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]))
    const fresh: string[] = []
    for (const name of files) if (await apply(connection, name, applied.get(name))) fresh.push(name)
    return fresh
  } finally {
    await connection.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
    connection.release()
  }
}

async function apply(connection: Connection, name: string, known: string | undefined): Promise<boolean> {
  const sql = await readFile(join(MIGRATIONS, name), 'utf8')
  const checksum = createHash('sha256').update(sql).digest('hex')
  if (known === checksum) return false
  if (known !== undefined) {
    throw new MigrationError(`${name} was changed after it had been applied: undo that, and add a new file instead`)
  }
  try {
    await connection.query('BEGIN')
    await connection.query(sql)
    await connection.query('INSERT INTO migrations (name, checksum) VALUES ($1, $2)', [name, checksum])
    await connection.query('COMMIT')
  } catch (cause) {
    await connection.query('ROLLBACK').catch(() => {})
    throw new MigrationError(`${name}: ${(cause as Error).message}`, { cause })
  }
  return true
}
