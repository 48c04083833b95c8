import { expect, test } from 'vitest'
import type { ClickHouse } from '../clickhouse/clickhouse-client.ts'
import { analyticsSettings } from './config.ts'
import { ensureKafkaTables, GATEWAY_GROUPS, GATEWAY_TOPICS, type KafkaTableOptions } from './kafka-tables.ts'

const OPTIONS: KafkaTableOptions = {
  brokers: 'kafka:9092',
  login: { isEncrypted: false, account: null },
  consumers: analyticsSettings.CLICKHOUSE_CONSUMERS.fallback,
  flush: 'fast',
  blockRows: analyticsSettings.CLICKHOUSE_BLOCK_ROWS.fallback,
  topics: GATEWAY_TOPICS,
  groups: GATEWAY_GROUPS,
}

/** Statements that an empty ClickHouse is given. */
async function statementsFor(options: Partial<KafkaTableOptions>): Promise<string[]> {
  const given: string[] = []
  const client = {
    query: async () => ({ json: async () => [] }),
    command: async ({ query }: { query: string }) => given.push(query),
  }
  await ensureKafkaTables(client as unknown as ClickHouse, { ...OPTIONS, ...options })
  return given
}

function settingsOf(statement: string): Record<string, string> {
  return Object.fromEntries(
    [...statement.matchAll(/(kafka_\w+) = '?([^',\n]*)/g)].map(([, name, value]) => [name, value]),
  )
}

test.each([
  ['fast', '300'],
  ['bulk', '7500'],
] as const)(
  'with the defaults, a server reads each topic with ten consumers, in blocks of 65,536 rows: %s',
  async (flush, intervalMs) => {
    const made = (await statementsFor({ flush })).filter((statement) => /ENGINE = Kafka\b/.test(statement))
    const common = {
      kafka_num_consumers: '10',
      kafka_max_block_size: '65536',
      kafka_flush_interval_ms: intervalMs,
      kafka_thread_per_consumer: '1',
      kafka_handle_error_mode: 'stream',
    }
    expect(made.map(settingsOf)).toMatchObject([
      { ...common, kafka_topic_list: 'sms.accepted', kafka_group_name: 'clickhouse_ingestion' },
      { ...common, kafka_topic_list: 'sms.status', kafka_group_name: 'clickhouse_ingestion_status' },
    ])
  },
)

test('offsets are taken over when the former table is gone and before the new one reads', async () => {
  const order: string[] = []
  const client = {
    query: async () => ({ json: async () => [] }),
    command: async ({ query }: { query: string }) => {
      const [, verb, table] = /^(DROP|CREATE) TABLE (?:IF EXISTS )?(kafka_(?:accepted|statuses)) /.exec(query) ?? []
      if (verb) order.push(`${verb} ${table}`)
    },
  }
  const beforeReading = async (topic: string, group: string) => void order.push(`${topic} in ${group}`)
  await ensureKafkaTables(client as unknown as ClickHouse, { ...OPTIONS, beforeReading })
  expect(order).toEqual([
    'DROP kafka_accepted',
    'sms.accepted in clickhouse_ingestion',
    'CREATE kafka_accepted',
    'DROP kafka_statuses',
    'sms.status in clickhouse_ingestion_status',
    'CREATE kafka_statuses',
  ])
})
