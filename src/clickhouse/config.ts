import { secret, text } from '../runtime/settings.ts'

/** Where ClickHouse is, for every process that reads or writes it. */
export const clickhouseSettings = {
  CLICKHOUSE_URL: secret(
    '',
    'ClickHouse over HTTP, as in http://host:8123 or http://user:password@host:8123; empty: one is started here by `smsgw up`',
  ),
  CLICKHOUSE_DATABASE: text('smsgw', 'Database in ClickHouse'),
  CLICKHOUSE_USER: text('default', 'User of ClickHouse'),
  CLICKHOUSE_PASSWORD: secret('', 'Password of that user'),
}
