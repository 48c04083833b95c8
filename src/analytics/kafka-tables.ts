import { createHash } from 'node:crypto'
import { TOPICS } from '../events/topics.ts'
import { type ClickHouse, readRows } from './clickhouse-client.ts'
import { INTAKES, type Intake } from './intakes.ts'

export interface KafkaTableOptions {
  readonly brokers: string
  /** Consumers of each topic; ClickHouse refuses more than it has cores. */
  readonly consumers: number
  readonly flush: FlushProfile
  readonly topics: { readonly accepted: string; readonly status: string }
  /** Begins the names of the consumer groups. */
  readonly groupPrefix: string
}

export type FlushProfile = keyof typeof FLUSH_PROFILES

export const GATEWAY_TOPICS = { accepted: TOPICS.accepted, status: TOPICS.status }

/**
 * How long records gather before they are written.
 * - `fast`, the default: half a second. Measured at 1,500 messages a second on two shared cores: an event can be asked
 *   for after 0.3 s (p50) and 0.6 s (p99). A consumer that found nothing looks again after 100 ms; ClickHouse's own
 *   500 ms there had made the p99 1.5 s.
 * - `bulk`: ClickHouse's own interval, for the fewest and largest parts.
 */
const FLUSH_PROFILES = {
  fast: { flushMs: 500, rescheduleMs: 100, blockRows: 65_536 },
  bulk: { flushMs: 7_500, rescheduleMs: 500, blockRows: 1_048_576 },
} as const

/**
 * Makes the tables by which ClickHouse reads Kafka, and makes them anew when their definition has changed, because
 * brokers moved for one. How far they have read is kept by Kafka in their consumer group, so nothing is left out by
 * that. Returns the names of those made now.
 */
export async function ensureKafkaTables(client: ClickHouse, options: KafkaTableOptions): Promise<string[]> {
  const known = await kafkaTables(client)
  const made: string[] = []
  for (const intake of INTAKES) {
    const name = `kafka_${intake.events}`
    const statements = create(name, intake, await groupName(client, intake, options), options)
    const fingerprint = createHash('sha256').update(statements.join()).digest('hex').slice(0, 16)
    if (known.get(name) === fingerprint) continue
    await drop(client, name)
    for (const query of statements) await client.command({ query })
    // Last, so that what broke off before is made anew.
    await client.command({ query: `ALTER TABLE ${name} MODIFY COMMENT '${fingerprint}'` })
    made.push(name)
  }
  return made
}

/** Stops reading Kafka until `ensureKafkaTables`, so that what is fed from it can be changed without a gap. */
export async function dropKafkaTables(client: ClickHouse): Promise<void> {
  for (const name of (await kafkaTables(client)).keys()) await drop(client, name)
}

/** The fingerprints of those that are there, by name. */
async function kafkaTables(client: ClickHouse): Promise<Map<string, string>> {
  const rows = await readRows<{ name: string; comment: string }>(
    client,
    "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'Kafka'",
  )
  return new Map(rows.map(({ name, comment }) => [name, comment]))
}

/**
 * Ends in the id of the table of events: replicas of a table share a group and so the topic, while a table that was
 * made anew after its data were lost has a group of its own, which reads all that Kafka still keeps.
 */
async function groupName(client: ClickHouse, { events }: Intake, { groupPrefix }: KafkaTableOptions): Promise<string> {
  const [table] = await readRows<{ id: string }>(
    client,
    'SELECT substring(toString(uuid), 1, 8) AS id FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    { name: events },
  )
  if (!table) throw new Error(`ClickHouse has no table ${events}`)
  return `${groupPrefix}-${events}-${table.id}`
}

/** The view last: a table of Kafka reads only when a view asks it to. */
function create(name: string, intake: Intake, group: string, options: KafkaTableOptions): string[] {
  const { flushMs, rescheduleMs, blockRows } = FLUSH_PROFILES[options.flush]
  const columns = Object.entries(intake.fields)
  return [
    `CREATE TABLE ${name} (${columns.map(([field, type]) => `${field} ${type}`).join(', ')}) ENGINE = Kafka SETTINGS
      kafka_broker_list = ${literal(options.brokers)},
      kafka_topic_list = ${literal(options.topics[intake.topic])},
      kafka_group_name = ${literal(group)},
      kafka_format = 'JSONEachRow',
      kafka_num_consumers = ${options.consumers},
      kafka_thread_per_consumer = 1,
      kafka_flush_interval_ms = ${flushMs},
      kafka_consumer_reschedule_ms = ${rescheduleMs},
      kafka_max_block_size = ${blockRows},
      kafka_poll_timeout_ms = 100,
      kafka_handle_error_mode = 'stream',
      input_format_skip_unknown_fields = 1,
      date_time_input_format = 'best_effort'`,
    `CREATE MATERIALIZED VIEW ${name}_feed TO ${intake.events}_intake AS
      SELECT ${columns.map(([field]) => intake.renamed[field] ?? field).join(', ')},
        _topic AS kafka_topic, _partition AS kafka_partition, _offset AS kafka_offset, ${intake.fault} AS fault,
        multiIf(fault = '', '', _error != '', _raw_message,
          toJSONString(map(${columns.map(([field]) => `'${field}', ifNull(toString(${field}), 'null')`).join(', ')}))) AS raw
      FROM ${name}`,
  ]
}

async function drop(client: ClickHouse, name: string): Promise<void> {
  await client.command({ query: `DROP VIEW IF EXISTS ${name}_feed SYNC` })
  await client.command({ query: `DROP TABLE IF EXISTS ${name} SYNC` })
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
