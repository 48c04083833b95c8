import { choice, integer, secret, text } from '../runtime/settings.ts'

export const analyticsSettings = {
  CLICKHOUSE_URL: secret(
    '',
    'ClickHouse over HTTP, as in http://host:8123 or http://user:password@host:8123; empty: one is started here by `smsgw up`',
  ),
  CLICKHOUSE_DATABASE: text('smsgw', 'Database in ClickHouse'),
  CLICKHOUSE_USER: text('default', 'User of ClickHouse'),
  CLICKHOUSE_PASSWORD: secret('', 'Password of that user'),
  CLICKHOUSE_FLUSH: choice(
    ['fast', 'bulk'],
    'fast',
    'How often ClickHouse writes what it reads: every 500 ms, or every 7,500 ms',
  ),
  CLICKHOUSE_CONSUMERS: integer(0, 'Consumers of each Kafka table; 0: ten, but no more than half the cores here', {
    max: 64,
  }),
}
