import { clickhouseSettings } from '../clickhouse/config.ts'
import { choice, integer } from '../runtime/settings.ts'

export const analyticsSettings = {
  ...clickhouseSettings,
  CLICKHOUSE_FLUSH: choice(
    ['fast', 'bulk'],
    'fast',
    'How often ClickHouse writes what it reads: every 300 ms, or every 7,500 ms for fewer and larger parts',
  ),
  CLICKHOUSE_BLOCK_ROWS: integer(65_536, 'Rows after which ClickHouse writes before that (kafka_max_block_size)', {
    min: 1,
    max: 10_000_000,
  }),
  CLICKHOUSE_CONSUMERS: integer(
    10,
    'Consumers of each of the two Kafka tables (kafka_num_consumers); the server needs background_message_broker_schedule_pool_size for both. `smsgw up` sets one or two where it starts ClickHouse',
    { min: 1, max: 64 },
  ),
}
