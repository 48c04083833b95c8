import { createHash } from 'node:crypto'
import { type ClickHouse, readRows } from '../clickhouse/clickhouse-client.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import { KEPT_AHEAD_DAYS, KEPT_DAYS } from './kept-times.ts'

/** How ClickHouse logs in to Kafka. The brokers' CA certificates are part of ClickHouse's own configuration. */
export interface KafkaLogin {
  readonly isEncrypted: boolean
  readonly account: {
    readonly mechanism: 'SCRAM-SHA-512' | 'SCRAM-SHA-256' | 'PLAIN'
    readonly username: string
    readonly password: string
  } | null
}

export interface KafkaTableOptions {
  readonly brokers: string
  readonly login: KafkaLogin
  readonly consumers: number
  readonly flush: 'fast' | 'bulk'
  /** Rows of a block, after which ClickHouse writes before the flush interval ends. */
  readonly blockRows: number
  readonly topics: { readonly accepted: string; readonly status: string }
  readonly groups: { readonly accepted: string; readonly status: string }
  /** Called before a table that is new to its group begins to read: when nothing else of ours reads in it. */
  readonly beforeReading?: (topic: string, group: string) => Promise<void>
}

/** A table that reads a topic, and the view that carries what it reads into a table of events. */
interface Ingestion {
  readonly name: string
  readonly topic: string
  readonly group: string
  readonly columns: string
  /** The event's time, by which the target is partitioned. */
  readonly time: string
  readonly target: string
  readonly select: string
}

/** Names behind that of the Kafka table. */
const PARTS = ['_read', '_fill', '_refused', '_rows']

/** What ClickHouse knows of a record beside its fields, and as what the views find it. */
const RECORD_COLUMNS = `record_topic String, kafka_partition UInt64, kafka_offset UInt64, record_time Nullable(DateTime64(3)),
  record_error String, record_raw String`
const RECORD_VALUES = `_topic AS record_topic, _partition AS kafka_partition, _offset AS kafka_offset,
  _timestamp_ms AS record_time, _error AS record_error, _raw_message AS record_raw`

/**
 * A row waits for the fetch (engine-config.xml), for the end of its block and for the end of the poll in which that
 * falls: these times add up to what a message needs at a low rate. A poll in the middle of a long block may take
 * longer.
 */
const FLUSH_MS = { fast: 300, bulk: 7_500 } as const
const POLL_MS = { fast: 50, bulk: 100 } as const

/**
 * Makes the tables by which ClickHouse reads Kafka, and makes them anew when their definition has changed, for instance
 * because brokers moved. Their offsets are kept by Kafka in their consumer group, so nothing is read twice or left out
 * by that. Returns the names of those made now.
 */
export async function ensureKafkaTables(client: ClickHouse, options: KafkaTableOptions): Promise<string[]> {
  const rows = await readRows<{ name: string; comment: string }>(
    client,
    "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'Kafka'",
  )
  const known = new Map(rows.map(({ name, comment }) => [name, comment]))
  const made: string[] = []
  for (const ingestion of ingestions(options)) {
    const statements = create(ingestion, options)
    const fingerprint = createHash('sha256').update(statements.join()).digest('hex').slice(0, 16)
    if (known.get(ingestion.name) === fingerprint) continue
    // What reads goes first and comes last: a block that it reads while a view is missing never reaches that view.
    for (const gone of [ingestion.name, ...PARTS.map((suffix) => ingestion.name + suffix)]) {
      await client.command({ query: `DROP TABLE IF EXISTS ${gone} SYNC` })
    }
    await options.beforeReading?.(ingestion.topic, ingestion.group)
    for (const query of statements) await client.command({ query })
    await client.command({ query: `ALTER TABLE ${ingestion.name} MODIFY COMMENT '${fingerprint}'` })
    made.push(ingestion.name)
  }
  return made
}

/**
 * The Kafka table reads as soon as one view depends on it, and then for that view alone. So a single view reads,
 * into a table that keeps nothing, on which the others depend that are there before it.
 *
 * Each row of a block goes either into the target or, with what is wrong, into `malformed`. What lies outside of the
 * times that are kept is among the latter: events of a hundred months would need as many partitions, a block that needs
 * more is refused as a whole, and ClickHouse would read it again for ever.
 */
function create(
  { name, topic, group, columns, time, target, select }: Ingestion,
  options: KafkaTableOptions,
): string[] {
  const isKept = `(${time} BETWEEN now() - INTERVAL ${KEPT_DAYS} DAY AND now() + INTERVAL ${KEPT_AHEAD_DAYS} DAY)`
  return [
    `CREATE TABLE ${name} (${columns}) ENGINE = Kafka SETTINGS
      kafka_broker_list = '${options.brokers}',
      kafka_topic_list = '${topic}',
      kafka_group_name = '${group}',
      kafka_format = 'JSONEachRow',
      kafka_num_consumers = ${options.consumers},
      kafka_flush_interval_ms = ${FLUSH_MS[options.flush]},
      kafka_max_block_size = ${options.blockRows},
      kafka_poll_timeout_ms = ${POLL_MS[options.flush]},
      kafka_consumer_reschedule_ms = ${POLL_MS[options.flush]},
      kafka_handle_error_mode = 'stream',
      kafka_thread_per_consumer = 1,
      ${loginSettings(options.login)}
      input_format_skip_unknown_fields = 1,
      date_time_input_format = 'best_effort'`,
    `CREATE TABLE ${name}_rows (${columns}, ${RECORD_COLUMNS}) ENGINE = Null`,
    `CREATE MATERIALIZED VIEW ${name}_refused TO malformed AS
      SELECT now64(3) AS ingested_at, record_topic AS topic, kafka_partition, kafka_offset,
        multiIf(record_error != '', record_error, sms_id = 0, 'a field is missing',
          concat('event ', event_id, ' of ', toString(${time}), ' is outside of the times that are kept')) AS error,
        record_raw AS raw
      FROM ${name}_rows WHERE record_error != '' OR sms_id = 0 OR NOT ${isKept}`,
    `CREATE MATERIALIZED VIEW ${name}_fill TO ${target} AS
      SELECT ${time} AS occurred_at, ${select}, kafka_partition, kafka_offset, now64(3) AS ingested_at
      FROM ${name}_rows WHERE record_error = '' AND sms_id != 0 AND ${isKept}`,
    `CREATE MATERIALIZED VIEW ${name}_read TO ${name}_rows AS SELECT *, ${RECORD_VALUES} FROM ${name}`,
  ]
}

/** The settings that differ from Kafka's own defaults, each with a comma behind it. */
function loginSettings({ isEncrypted, account }: KafkaLogin): string {
  const protocol = `${account ? 'SASL_' : ''}${isEncrypted ? 'SSL' : 'PLAINTEXT'}`
  return [
    ...(protocol === 'PLAINTEXT' ? [] : [`kafka_security_protocol = '${protocol}',`]),
    ...(account
      ? [
          `kafka_sasl_mechanism = ${quote(account.mechanism)},`,
          `kafka_sasl_username = ${quote(account.username)},`,
          `kafka_sasl_password = ${quote(account.password)},`,
        ]
      : []),
  ].join(' ')
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** Columns are named as the events' fields; fields that are not named are skipped, so events may grow. */
function ingestions({ topics, groups }: Pick<KafkaTableOptions, 'topics' | 'groups'>): Ingestion[] {
  return [
    {
      name: 'kafka_accepted',
      topic: topics.accepted,
      group: groups.accepted,
      target: 'accepted',
      columns: `event_id String, timestamp DateTime64(3, 'UTC'), customer_id String, sms_id UInt64, phone String,
        cost UInt64, sender Nullable(String), encoding String, segments UInt16, operator String, priority UInt8,
        client_ref Nullable(String)`,
      time: 'kafka_accepted_rows.timestamp',
      // Foreign producers leave out what the requirements do not show.
      select: `event_id, customer_id, sms_id, phone, cost, sender, encoding, greatest(kafka_accepted_rows.segments, 1) AS segments,
        if(kafka_accepted_rows.operator = '', 'unknown', kafka_accepted_rows.operator) AS operator, priority, client_ref`,
    },
    {
      name: 'kafka_statuses',
      topic: topics.status,
      group: groups.status,
      target: 'statuses',
      columns: `event_id String, occurred_at DateTime64(3, 'UTC'), customer_id String, sms_id UInt64, status String,
        attempt UInt16, operator String, operator_message_id Nullable(String), error_code Nullable(String),
        segments UInt16, latency_ms UInt64, possible_duplicate Bool, delivered_at Nullable(DateTime64(3, 'UTC'))`,
      // Foreign producers leave the time out of all but what is delivered.
      time: `coalesce(nullIf(kafka_statuses_rows.occurred_at, toDateTime64(0, 3, 'UTC')), kafka_statuses_rows.delivered_at, record_time,
        now64(3))`,
      select: `event_id, customer_id, sms_id, status, attempt, operator, operator_message_id, error_code,
        segments, latency_ms, possible_duplicate`,
    },
  ]
}

export const GATEWAY_TOPICS = { accepted: TOPICS.accepted, status: TOPICS.status }
export const GATEWAY_GROUPS = { accepted: GROUPS.clickhouseAccepted, status: GROUPS.clickhouseStatus }
