import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClickHouse, readRows } from '../clickhouse/clickhouse-client.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { packageFile } from '../runtime/package-files.ts'

const MIGRATIONS = packageFile('migrations/clickhouse')

/**
 * Brings ClickHouse's schema to the newest version: numbered files, forward only. ClickHouse has no transactions over
 * DDL, so each statement is noted when it is done, and what broke off goes on where it stopped. Returns the names of
 * the files applied now. Throws ExpectedError if an applied statement was changed.
 */
export async function applyMigrations(client: ClickHouse): Promise<string[]> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS migrations
      (name String, statement UInt16, checksum String, applied_at DateTime64(3) DEFAULT now64(3))
      ENGINE = ReplacingMergeTree ORDER BY (name, statement)`,
  })
  const rows = await readRows<{ name: string; statement: number; checksum: string }>(
    client,
    'SELECT name, statement, checksum FROM migrations FINAL',
  )
  const applied = new Map(rows.map(({ name, statement, checksum }) => [`${name} ${statement}`, checksum]))
  const fresh: string[] = []
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  for (const name of files) if (await applyFile(client, name, applied)) fresh.push(name)
  return fresh
}

async function applyFile(client: ClickHouse, name: string, applied: ReadonlyMap<string, string>): Promise<boolean> {
  const source = await readFile(join(MIGRATIONS, name), 'utf8')
  let isFresh = false
  for (const [statement, query] of statementsOf(source).entries()) {
    const checksum = createHash('sha256').update(query).digest('hex')
    const known = applied.get(`${name} ${statement}`)
    if (known === checksum) continue
    if (known !== undefined) {
      throw new ExpectedError(`${name} was changed after it had been applied: undo that, and add a new file instead`)
    }
    await client.command({ query })
    await client.insert({ table: 'migrations', values: [{ name, statement, checksum }], format: 'JSONEachRow' })
    isFresh = true
  }
  return isFresh
}

function statementsOf(source: string): string[] {
  return source
    .replace(/^--.*$/gm, '')
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
