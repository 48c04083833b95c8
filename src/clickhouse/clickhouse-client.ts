import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client'
import { isNetworkCode } from '../runtime/network-codes.ts'
import type { Values } from '../runtime/settings.ts'
import type { clickhouseSettings } from './config.ts'

export type ClickHouse = ClickHouseClient

export type ClickHouseSettings = Values<typeof clickhouseSettings>

/**
 * A client of a ClickHouse server, or of the embedded engine, which speaks the same. User and password in the URL go
 * before those of the settings.
 */
export function createClickHouse(settings: ClickHouseSettings): ClickHouse {
  const { username, password } = new URL(settings.CLICKHOUSE_URL)
  return createClient({
    url: withoutLogin(settings.CLICKHOUSE_URL),
    database: settings.CLICKHOUSE_DATABASE,
    username: username === '' ? settings.CLICKHOUSE_USER : decodeURIComponent(username),
    password: username === '' ? settings.CLICKHOUSE_PASSWORD : decodeURIComponent(password),
    request_timeout: 30_000,
    max_open_connections: 4,
  })
}

/** A URL as it may be shown: without user and password. */
export function withoutLogin(url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href.replace(/\/$/, '')
}

/** Makes the settings' database where it is missing. */
export async function ensureDatabase(settings: ClickHouseSettings): Promise<void> {
  const client = createClickHouse({ ...settings, CLICKHOUSE_DATABASE: 'default' })
  try {
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${settings.CLICKHOUSE_DATABASE}` })
  } finally {
    await client.close()
  }
}

/** The rows of a query, with values for its `{name:Type}` places. */
export async function readRows<Row>(
  client: ClickHouse,
  query: string,
  values: Record<string, unknown> = {},
): Promise<Row[]> {
  const result = await client.query({ query, query_params: values, format: 'JSONEachRow' })
  return await result.json<Row>()
}

/**
 * Codes of ClickHouse that pass by themselves: no room on the disk, no memory, too many queries or parts, files that
 * cannot be opened or written, timeouts and its own network.
 */
const PASSING_CODES = new Set(['74', '75', '76', '159', '202', '209', '210', '241', '243', '252', '425'])

/** Whether ClickHouse, rather than the query, is at fault, so that the same query may succeed later. */
export function isClickHouseUnavailable(error: unknown): boolean {
  if (error instanceof ClickHouseError) return PASSING_CODES.has(error.code) || /No space left/.test(error.message)
  const { code, message } = error as NodeJS.ErrnoException
  return isNetworkCode(code) || /timeout|socket hang up/i.test(message)
}
