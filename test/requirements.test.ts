import { join } from 'node:path'
import type { TObject } from 'typebox'
import { expect, test } from 'vitest'
import { analyticsSettings } from '../src/analytics/config.ts'
import { ensureKafkaTables, GATEWAY_GROUPS, GATEWAY_TOPICS } from '../src/analytics/kafka-tables.ts'
import type { ClickHouse } from '../src/clickhouse/clickhouse-client.ts'
import { deliverySettings } from '../src/delivery/config.ts'
import { AcceptedEvent } from '../src/events/accepted.ts'
import { DeadLetter } from '../src/events/dead-letter.ts'
import { DeliveryTask } from '../src/events/delivery.ts'
import { StatusEvent } from '../src/events/status.ts'
import { BROKER_SETTINGS } from '../src/kafka/brokers/broker-settings.ts'
import { consumerOptions } from '../src/kafka/consumer/consumer-options.ts'
import { producerOptions } from '../src/kafka/producer/producer-options.ts'
import { outboxSettings } from '../src/outbox/config.ts'
import { readSettings } from '../src/runtime/settings.ts'
import { readTopicsFile } from '../src/topics/topics-file.ts'
import { webhookSettings } from '../src/webhooks/config.ts'

/**
 * The values that the requirements name, beside ours. They are repeated here, so that a slip in a constant, which no
 * other test would notice, fails. A deviation is a row of its own: what is required, what we do, and why.
 */

/**
 * The reasons are those of decisions 0001 to 0027 and of the design's table of requirements that exclude each other.
 */
interface Deviation {
  readonly required: unknown
  readonly ours: unknown
  readonly because: string
}

const deviation = (required: unknown, ours: unknown, because: string): Deviation => ({ required, ours, because })

function isDeviation(value: unknown): value is Deviation {
  return typeof value === 'object' && value !== null && 'because' in value
}

/** Expects each named value as required, or as its deviation says; the latter only while it differs. */
function expectAsRequired(ours: object, required: Readonly<Record<string, unknown>>): void {
  const found = new Map(Object.entries(ours))
  for (const [name, wanted] of Object.entries(required)) {
    if (!isDeviation(wanted)) {
      expect(found.get(name), name).toEqual(wanted)
      continue
    }
    expect(found.get(name), `${name}: ${wanted.because}`).toEqual(wanted.ours)
    expect(found.get(name), `${name} deviates no longer: "${wanted.because}" can go`).not.toEqual(wanted.required)
  }
}

const DAY_MS = 86_400_000
const DURABLE = { 'min.insync.replicas': '2', 'cleanup.policy': 'delete' }
const COMPRESSED = { ...DURABLE, 'compression.type': 'snappy' }

test('topics: partitions, copies and every setting', () => {
  const declared = readTopicsFile(join(import.meta.dirname, '../config/topics.yaml'))
  // The audit log's topics are ours.
  expect(declared.filter(({ name }) => !name.startsWith('sms.audit'))).toEqual([
    {
      name: 'sms.accepted',
      partitions: 30,
      replicationFactor: 3,
      configs: { ...COMPRESSED, 'retention.ms': String(7 * DAY_MS), 'segment.ms': String(DAY_MS) },
    },
    {
      name: 'sms.delivery',
      partitions: 50,
      replicationFactor: 3,
      configs: { ...COMPRESSED, 'retention.ms': String(3 * DAY_MS) },
    },
    {
      name: 'sms.status',
      partitions: 30,
      replicationFactor: 3,
      configs: { ...COMPRESSED, 'retention.ms': String(7 * DAY_MS) },
    },
    {
      name: 'sms.dlq',
      partitions: 10,
      replicationFactor: 3,
      configs: { ...DURABLE, 'retention.ms': String(30 * DAY_MS) },
    },
  ])
})

test('brokers: the settings that doctor asks for and the deployment files carry', () => {
  expect(Object.fromEntries(BROKER_SETTINGS.map(({ name, value }) => [name, value]))).toMatchObject({
    'num.network.threads': '8',
    'num.io.threads': '16',
    'log.retention.hours': '168',
    'log.segment.bytes': '1073741824',
    'log.retention.check.interval.ms': '300000',
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
    'auto.create.topics.enable': 'false',
    'num.replica.fetchers': '4',
    'replica.lag.time.max.ms': '10000',
    'socket.send.buffer.bytes': '102400',
    'socket.receive.buffer.bytes': '102400',
    'socket.request.max.bytes': '104857600',
    'compression.type': 'snappy',
  })
})

const IDEMPOTENT = 'Kafka refuses an idempotent producer with acks=1, and min.insync.replicas protects only acks=all'
const LINGER = 'the outbox gathers before: a further 100 ms would delay each message, and hardly fill a batch'

test('the producer: deadlines, memory and batches', () => {
  expectAsRequired(producerOptions('safe'), {
    acks: deviation(1, -1, IDEMPOTENT),
    idempotent: true,
    compression: 'snappy',
    lingerMs: deviation(100, 5, LINGER),
    batchBytesMax: deviation(
      16_384,
      131_072,
      'at the peak a batch of 16 KiB holds some 50 records: ten times the requests',
    ),
    bufferBytesMax: 32 * 1_048_576,
    inFlightRequestsPerBrokerMax: 5,
    requestTimeoutMs: 5_000,
    deliveryTimeoutMs: 10_000,
    backoffMsFirst: 100,
  })
  expectAsRequired(producerOptions('batch'), {
    lingerMs: 100,
    batchBytesMax: 16_384,
    acks: deviation(1, -1, IDEMPOTENT),
  })
  expectAsRequired(producerOptions('fast'), {
    acks: 1,
    idempotent: deviation(true, false, IDEMPOTENT),
    requestTimeoutMs: 5_000,
    deliveryTimeoutMs: 10_000,
  })
})

test('the consumer of the delivery worker', () => {
  expectAsRequired(consumerOptions({ groupId: 'g', topics: ['t'] }), {
    startFrom: 'earliest',
    commit: 'handled',
    sessionTimeoutMs: 10_000,
    heartbeatMs: 3_000,
    pollIntervalMsMax: 300_000,
    fetchBytesMin: 1_024,
    fetchWaitMsMax: 500,
    partitionBytesMax: 1_048_576,
    recordsPerPollMax: 500,
  })
})

/** The settings of each Kafka table, as ClickHouse is sent them. */
async function kafkaTableSettings(flush: 'fast' | 'bulk', consumers: number): Promise<Map<string, string>[]> {
  const tables: Map<string, string>[] = []
  const client = {
    query: async () => ({ json: async () => [] }),
    command: async ({ query }: { query: string }) => {
      const [, settings] = query.split('ENGINE = Kafka SETTINGS')
      if (settings)
        tables.push(new Map([...settings.matchAll(/(\w+) = (\S+?),?\s/g)].map(([, name, value]) => [name!, value!])))
    },
  }
  const login = { isEncrypted: false, account: null }
  const blockRows = readSettings(analyticsSettings, {}).CLICKHOUSE_BLOCK_ROWS
  const options = {
    brokers: 'b:9092',
    login,
    consumers,
    flush,
    blockRows,
    topics: GATEWAY_TOPICS,
    groups: GATEWAY_GROUPS,
  }
  await ensureKafkaTables(client as unknown as ClickHouse, options)
  return tables
}

test('ClickHouse: format, consumers, block size and flush of both profiles', async () => {
  const flushMs = { fast: '300', bulk: '7500' }
  for (const flush of ['fast', 'bulk'] as const) {
    const { CLICKHOUSE_CONSUMERS } = readSettings(analyticsSettings, {})
    const tables = await kafkaTableSettings(flush, CLICKHOUSE_CONSUMERS)
    expect(tables.map((settings) => settings.get('kafka_topic_list'))).toEqual(["'sms.accepted'", "'sms.status'"])
    for (const settings of tables) {
      expectAsRequired(Object.fromEntries(settings), {
        kafka_format: "'JSONEachRow'",
        kafka_num_consumers: '10',
        kafka_max_block_size: '65536',
        kafka_flush_interval_ms: flushMs[flush],
        kafka_handle_error_mode: "'stream'",
        kafka_thread_per_consumer: '1',
      })
    }
  }
  expectAsRequired(readSettings(analyticsSettings, {}), {
    CLICKHOUSE_FLUSH: deviation('bulk', 'fast', 'the API to ClickHouse within a second excludes a flush every 7.5 s'),
  })
})

test('the relay, the worker and the webhooks: the default of each setting', () => {
  expectAsRequired(readSettings(outboxSettings, {}), { DELIVERY_KEY: 'customer', OUTBOX_REFUSED_DAYS: 30 })
  expectAsRequired(readSettings(deliverySettings, {}), { DELIVERY_ORDER: 'recipient' })
  expectAsRequired(readSettings(webhookSettings, {}), { WEBHOOK_RETRY_HOURS: 76, WEBHOOK_KEEP_DAYS: 7 })
})

/** The fields of the requirements' own examples; ours come after them, and are optional to readers. */
const REQUIRED_FIELDS: readonly [string, TObject, readonly string[]][] = [
  [
    'sms.accepted',
    AcceptedEvent,
    [
      ...['event_id', 'event_type', 'timestamp', 'customer_id', 'sms_id', 'phone', 'message', 'cost'],
      ...['idempotency_key', 'metadata'],
    ],
  ],
  [
    'sms.delivery',
    DeliveryTask,
    [
      ...['task_id', 'sms_id', 'customer_id', 'phone', 'message', 'operator', 'priority', 'retry_count'],
      ...['max_retries', 'created_at'],
    ],
  ],
  [
    'sms.status',
    StatusEvent,
    [
      ...['event_id', 'sms_id', 'customer_id', 'status', 'operator_message_id', 'error_code', 'error_message'],
      ...['delivered_at', 'latency_ms'],
    ],
  ],
  ['sms.dlq', DeadLetter, ['original_topic', 'original_partition', 'original_offset', 'error', 'message', 'failed_at']],
]

test.each(REQUIRED_FIELDS)('%s: writers write every field of the requirements', (_topic, schema, fields) => {
  expect(schema.required).toEqual(expect.arrayContaining([...fields]))
})
