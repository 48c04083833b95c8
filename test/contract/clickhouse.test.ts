import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { applyMigrations } from '../../src/analytics/apply-migrations.ts'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { ensureKafkaTables } from '../../src/analytics/kafka-tables.ts'
import { readIngestionFaults } from '../../src/analytics/read-ingestion-faults.ts'
import { type ClickHouse, createClickHouse, ensureDatabase, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import { ClickHouseServer } from '../../src/embedded/clickhouse/clickhouse-server.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { readAnalyticsMessage } from '../../src/monitor/canary/read-analytics-message.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { silent } from '../gateway/silent-progress.ts'
import { ROOT } from '../read-source.ts'
import { countFinalMessages } from '../servers/count-final-messages.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { beginTransaction, produceBatch } from '../servers/transactional-producer.ts'

const MESSAGES = 50
const ids = new SmsIds(5)
/** As we write it, and as foreign producers may; those of further messages are as the first. */
const METADATA: readonly unknown[] = [
  { campaign: 'spring', note: 'two\nlines' },
  { campaign: 7, a: { b: 1 } },
  'x',
  null,
]

async function connect(server: ClickHouseServer): Promise<ClickHouse> {
  const settings = { ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: server.url }
  await ensureDatabase(settings)
  return createClickHouse(settings)
}

function eventsOf(
  smsId: number,
  now: string,
  metadata: unknown = METADATA[0],
): { accepted: object; statuses: object[] } {
  const common = { sms_id: smsId, customer_id: 'c', operator: 'o', segments: 1 }
  const status = (name: 'sent' | 'delivered') => ({
    ...common,
    event_id: eventId(smsId, name, 1),
    status: name,
    operator_message_id: 'x',
    error_code: null,
    latency_ms: 20,
    occurred_at: now,
    attempt: 1,
    possible_duplicate: false,
    client_ref: 'order 7',
    customer_metadata: metadata,
    added_later: { by: 'a newer version' },
  })
  const accepted = {
    ...common,
    event_id: eventId(smsId, 'accepted'),
    timestamp: now,
    phone: '+989121234567',
    message: 'not kept',
    cost: 100,
    sender: null,
    encoding: 'gsm7',
    priority: 1,
    client_ref: null,
    customer_metadata: metadata,
  }
  return { accepted, statuses: [status('sent'), status('delivered')] }
}

test('ClickHouse has each event once, keeps what is malformed, and goes on where it was after a restart', async () => {
  const { path: folder, remove } = temporaryFolder('smsgw-clickhouse')
  onTestFinished(remove)
  const cluster = testCluster()
  const topics = { accepted: await freshTopic(cluster, 2), status: await freshTopic(cluster, 3) }
  const options = {
    brokers: inject('kafkaBrokers'),
    login: { isEncrypted: false, account: null },
    consumers: 1,
    flush: 'fast',
    topics,
    blockRows: 65_536,
    groups: { accepted: uniqueName('ch'), status: uniqueName('ch') },
  } as const
  const producer = new Producer(cluster)
  await producer.start([topics.accepted, topics.status])
  onTestFinished(() => producer.close())
  const smsIds = Array.from({ length: MESSAGES }, () => ids.next(Date.now()))
  const publish = async (): Promise<void> => {
    for (const [index, smsId] of smsIds.entries()) {
      const { accepted, statuses } = eventsOf(smsId, new Date(Date.now() - 1_000).toISOString(), METADATA[index])
      await producer.send({ topic: topics.accepted, key: 'c', value: JSON.stringify(accepted) })
      for (const status of statuses)
        await producer.send({ topic: topics.status, key: String(smsId), value: JSON.stringify(status) })
    }
  }
  let server = await ClickHouseServer.start(folder, silent)
  let client = await connect(server)
  expect(await applyMigrations(client)).toEqual(readdirSync(join(ROOT, 'migrations/clickhouse')).sort())
  expect(await applyMigrations(client)).toEqual([])
  // As on brokers that ask for a login; the tables are made anew when that has changed.
  const account = { mechanism: 'SCRAM-SHA-512', username: "o'brien", password: 'back\\slash' } as const
  expect(await ensureKafkaTables(client, { ...options, login: { isEncrypted: true, account } })).toHaveLength(2)
  expect(await ensureKafkaTables(client, options)).toHaveLength(2)
  expect(await ensureKafkaTables(client, options)).toEqual([])

  await publish()
  await producer.send({ topic: topics.status, key: null, value: 'not JSON' })
  await producer.send({ topic: topics.status, key: null, value: '{"status":"sent"}' })
  const counted = await eventually(
    'ClickHouse has every delivered message',
    () => countFinalMessages(client, 'c'),
    (counts) => counts.get('delivered') === MESSAGES,
  )
  expect(counted).toEqual(new Map([['delivered', MESSAGES]]))
  const malformed = await eventually(
    'ClickHouse has both malformed records',
    () =>
      readRows<{ error: string; raw: string }>(client, 'SELECT error, raw FROM malformed FINAL ORDER BY kafka_offset'),
    (rows) => rows.length === 2,
  )
  expect(malformed.map(({ raw }) => raw)).toContain('not JSON')

  await client.close()
  await server.stop()
  await publish()
  server = await ClickHouseServer.start(folder, silent)
  onTestFinished(() => server.stop())
  client = await connect(server)
  onTestFinished(() => client.close())
  // It attached its tables by itself, and reads on to the end of each partition; what came twice counts once.
  const records = 4 * MESSAGES + 2
  const read = await eventually(
    'ClickHouse has read to the end of each partition',
    () =>
      readRows<{ offsets: string }>(
        client,
        `SELECT toString(sum(ends)) AS offsets FROM (SELECT max(kafka_offset) + 1 AS ends FROM
           (SELECT kafka_partition, kafka_offset FROM statuses UNION ALL SELECT kafka_partition, kafka_offset FROM malformed)
         GROUP BY kafka_partition)`,
      ),
    ([row]) => Number(row!.offsets) === records,
  )
  expect(Number(read[0]!.offsets)).toBe(records)
  expect(await countFinalMessages(client, 'c')).toEqual(new Map([['delivered', MESSAGES]]))
  const message = await eventually(
    'ClickHouse has the message',
    () => readAnalyticsMessage(client, smsIds[0]!),
    (found) => found !== undefined,
  )
  expect(message).toMatchObject({ customer_id: 'c', cost: 100 })
  const notes = await readRows(
    client,
    `SELECT client_ref, metadata FROM statuses FINAL WHERE status = 'sent' ORDER BY sms_id LIMIT ${METADATA.length}`,
  )
  expect(notes[0]).toEqual({ client_ref: 'order 7', metadata: METADATA[0] })
  expect(notes.slice(2)).toEqual([1, 2].map(() => ({ client_ref: 'order 7', metadata: {} })))
  const [minutes] = await readRows<{ messages: string }>(
    client,
    "SELECT toString(groupBitmapMerge(messages)) AS messages FROM status_minutes WHERE status = 'delivered'",
  )
  expect(Number(minutes!.messages)).toBe(MESSAGES)
})

test('events of 150 months, absurd times and aborted transactions stop nothing: what is kept is read, the rest is listed', {
  timeout: 180_000,
}, async () => {
  const { path: folder, remove } = temporaryFolder('smsgw-clickhouse')
  onTestFinished(remove)
  const cluster = testCluster()
  const topics = { accepted: await freshTopic(cluster), status: await freshTopic(cluster) }
  const now = new Date(Date.now() - 1_000)
  const statusAt = (occurredAt: string): { smsId: number; value: string } => {
    const smsId = ids.next(Date.now())
    return { smsId, value: JSON.stringify({ ...eventsOf(smsId, '').statuses[1], occurred_at: occurredAt }) }
  }
  const months = Array.from({ length: 150 }, (_, month) => {
    return statusAt(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - month, 1)).toISOString())
  })
  const absurd = ['1970-01-01', '2199-01-01', '2099-12-31'].map((day) => statusAt(`${day}T00:00:00.000Z`))
  await produceBatch(
    cluster,
    topics.status,
    [...months, ...absurd].map(({ value }) => value),
  )
  const aborted = await beginTransaction(cluster, topics.status, [statusAt(now.toISOString()).value])
  await aborted.end(false)
  const last = statusAt(now.toISOString())
  // As the requirements show it: without the time of anything but the delivery.
  const { occurred_at: _, ...required } = JSON.parse(statusAt('').value) as Record<string, unknown>
  const foreign = JSON.stringify({ ...required, delivered_at: now.toISOString() })
  await produceBatch(cluster, topics.status, [foreign, last.value])

  const server = await ClickHouseServer.start(folder, silent)
  onTestFinished(() => server.stop())
  const client = await connect(server)
  onTestFinished(() => client.close())
  await applyMigrations(client)
  await ensureKafkaTables(client, {
    brokers: inject('kafkaBrokers'),
    login: { isEncrypted: false, account: null },
    consumers: 1,
    flush: 'fast',
    topics,
    blockRows: 65_536,
    groups: { accepted: uniqueName('ch'), status: uniqueName('ch') },
  })
  const counts = async () => {
    const [row] = await readRows<{ kept: number; listed: number; last: number; firstYear: number }>(
      client,
      `SELECT toFloat64(count()) AS kept, toFloat64(countIf(sms_id = {last:UInt64})) AS last,
         toFloat64(toYear(min(occurred_at))) AS firstYear,
         (SELECT toFloat64(count()) FROM malformed FINAL) AS listed FROM statuses FINAL`,
      { last: last.smsId },
    )
    return row!
  }
  // The topic was full when the tables were made; and the parts of a block appear one after the other.
  const all = 150 + 3 + 2
  const seen = await eventually(
    'ClickHouse has kept or listed every record',
    counts,
    ({ last: found, kept, listed }) => found === 1 && kept + listed === all,
    120_000,
  )
  expect(seen.last).toBe(1)
  expect(seen.kept + seen.listed).toBe(all)
  expect(seen.kept).toBeGreaterThanOrEqual(13 + 2)
  expect(seen.firstYear).toBeGreaterThanOrEqual(now.getUTCFullYear() - 2)
  const errors = await readRows<{ error: string }>(client, 'SELECT error FROM malformed FINAL')
  expect(errors.every(({ error }) => error.includes('outside of the times that are kept'))).toBe(true)
  expect(await readIngestionFaults(client, 60)).toEqual([])
})
