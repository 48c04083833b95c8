import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type ClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import type { Pool } from '../../src/postgres/pool.ts'

/** The size of a table, an index, a topic or the audit log. */
interface Size {
  readonly store: 'postgresql' | 'kafka' | 'clickhouse' | 'audit'
  readonly name: string
  readonly kind: 'heap' | 'toast' | 'index' | 'log' | 'parts' | 'files'
  readonly bytes: number
}

export interface StoredBytes extends Size {
  readonly bytesPerMessage: number
}

/** Relations by what they are called without the day of their partition, so that a table's partitions are one row. */
const POSTGRES_SIZES = `
  SELECT 'heap' AS kind, regexp_replace(c.relname, '_[0-9]{8}$', '') AS name, sum(pg_table_size(c.oid)
      - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)) AS bytes
  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 2
  UNION ALL
  SELECT 'toast', regexp_replace(c.relname, '_[0-9]{8}$', ''), sum(pg_total_relation_size(c.reltoastrelid))
  FROM pg_class c WHERE c.relkind = 'r' AND c.reltoastrelid <> 0 AND c.relnamespace = 'public'::regnamespace GROUP BY 2
  UNION ALL
  SELECT 'index', regexp_replace(c.relname, '_[0-9]{8}_', '_'), sum(pg_relation_size(c.oid))
  FROM pg_class c WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace GROUP BY 2`

/** What each store of a gateway on this machine takes up. */
export class StoredSizes {
  readonly #pool: Pool
  readonly #clickhouse: ClickHouse
  readonly #dataFolder: string

  constructor(pool: Pool, clickhouse: ClickHouse, dataFolder: string) {
    this.#pool = pool
    this.#clickhouse = clickhouse
    this.#dataFolder = dataFolder
  }

  async read(): Promise<readonly Size[]> {
    return [...(await this.#postgres()), ...this.#files(), ...(await this.#clickhouseParts())]
  }

  /** What was added, largest first; without what stayed as it was. */
  async since(before: readonly Size[], messages: number): Promise<readonly StoredBytes[]> {
    const known = new Map(before.map((size) => [keyOf(size), size.bytes]))
    const grown = (await this.read()).map((size) => ({ ...size, bytes: size.bytes - (known.get(keyOf(size)) ?? 0) }))
    return grown
      .filter(({ bytes }) => bytes !== 0)
      .map((size) => ({ ...size, bytesPerMessage: size.bytes / messages }))
      .sort((a, b) => b.bytes - a.bytes)
  }

  async #postgres(): Promise<Size[]> {
    await this.#pool.query('VACUUM ANALYZE')
    const { rows } = await this.#pool.query<{ kind: Size['kind']; name: string; bytes: string }>(POSTGRES_SIZES)
    return rows.map(({ kind, name, bytes }) => ({ store: 'postgresql', kind, name, bytes: Number(bytes) }))
  }

  async #clickhouseParts(): Promise<Size[]> {
    const tables = await readRows<{ name: string }>(
      this.#clickhouse,
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'`,
    )
    for (const { name } of tables) await this.#clickhouse.command({ query: `OPTIMIZE TABLE ${name} FINAL` })
    const rows = await readRows<{ name: string; bytes: number | string }>(
      this.#clickhouse,
      `SELECT table AS name, sum(bytes_on_disk) AS bytes FROM system.parts
       WHERE active AND database = currentDatabase() GROUP BY table`,
    )
    return rows.map(({ name, bytes }) => ({ store: 'clickhouse', kind: 'parts', name, bytes: Number(bytes) }))
  }

  /** Segments of topics, without their indexes, which the broker makes at full size and sparse; and the audit log. */
  #files(): Size[] {
    const sizes = new Map<string, Size>()
    const add = (size: Size): void => {
      const bytes = (sizes.get(keyOf(size))?.bytes ?? 0) + size.bytes
      sizes.set(keyOf(size), { ...size, bytes })
    }
    for (const path of readdirSync(this.#dataFolder, { recursive: true, encoding: 'utf8' })) {
      const topic = /\/(sms\.[a-z]+|__consumer_offsets)-\d+\/\d+\.log$/.exec(`/${path}`)?.[1]
      const isAudit = /(^|\/)audit\/[^/]+$/.test(path)
      if (topic === undefined && !isAudit) continue
      const bytes = statSync(join(this.#dataFolder, path)).size
      if (topic === undefined) add({ store: 'audit', kind: 'files', name: 'audit log', bytes })
      else add({ store: 'kafka', kind: 'log', name: topic, bytes })
    }
    return [...sizes.values()]
  }
}

function keyOf({ store, kind, name }: Size): string {
  return `${store} ${kind} ${name}`
}
