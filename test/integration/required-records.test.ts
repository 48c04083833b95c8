import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { listAuditFiles } from '../../src/audit/audit-files.ts'
import { type ClickHouse, createClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { kafkaOf } from '../../src/process/servers/servers-file.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { createEndpoint } from '../../src/webhooks/endpoints.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'
import { readEntries } from '../gateway/read-entries.ts'
import { PlainClient } from '../servers/plain-client.ts'

/** The records as the requirements show them. */
const REQUIRED = JSON.parse(readFileSync(join(import.meta.dirname, '../required-records.json'), 'utf8')) as Record<
  string,
  Readonly<Record<string, unknown>>
>
const CUSTOMER = 'cust_12345'
const OPERATORS = `
operators:
  mci:
    connector: smpp
    smpp: { address: embedded, system_id: smsgw, reference_tlv: 0x1501 }
    window: 100
    response_timeout_ms: 10000
    on_ambiguous: hold
routes: [{ prefix: "", operator: mci, price: 100 }]
`
const LATER = new Date(Date.now() + 7_200_000).toISOString()

const { path: folder, remove } = temporaryFolder('smsgw-required')
const sink = new WebhookSink()
let bench: BenchGateway
let plain: PlainClient
let clickhouse: ClickHouse
let key: string

beforeAll(async () => {
  const operatorsFile = join(folder, 'operators.yaml')
  writeFileSync(operatorsFile, OPERATORS)
  bench = await startBenchGateway({
    brokers: 1,
    customers: 1,
    webhooks: { customers: 0, url: '' },
    // Whatever the gateway itself submits ends with the error that is to be explained.
    env: { OPERATORS_FILE: operatorsFile, SIMULATOR_UNDELIVERED_SHARE: '1', SIMULATOR_UNDELIVERED_AS: 'UNDELIV:011' },
  })
  const { gateway, pool } = bench
  plain = new PlainClient(gateway.servers)
  clickhouse = createClickHouse({
    ...readSettings(analyticsSettings, {}),
    CLICKHOUSE_URL: gateway.servers.clickhouse,
  })
  await createCustomer(pool, { customerId: CUSTOMER, name: 'A customer', currency: 'IRR' })
  await topUp(pool, CUSTOMER, 1_000_000)
  key = (await issueKey(pool, CUSTOMER)).key
  await createEndpoint(pool, { customerId: CUSTOMER, url: await sink.start(), allowPrivate: true })
})

afterAll(async () => {
  await clickhouse?.close()
  await plain?.remove()
  await bench?.stop()
  await sink.stop()
  await remove()
})

async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(bench.gateway.servers.api + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return (await response.json()) as Record<string, unknown>
}

/** A message that is stored and, with a later time, not handed over by the gateway itself. */
async function post(fields: object = {}): Promise<number> {
  const answer = await call('POST', '/v1/messages', { to: '+989121234567', text: 'Your code is 123456', ...fields })
  expect(answer, JSON.stringify(answer)).toHaveProperty('sms_id')
  return Number(answer.sms_id)
}

const statusOf = async (smsId: number): Promise<unknown> => (await call('GET', `/v1/messages/${smsId}`)).status

async function countRecords(topic: string): Promise<number> {
  const cluster = new Cluster({ ...kafkaOf(bench.gateway.servers), clientId: 'test' })
  const connections = cluster.connections()
  try {
    await cluster.watch([topic])
    const partitions = cluster.topic(topic)!.partitions.map(({ partition }) => ({ topic, partition }))
    const ends = await listOffsets(cluster, connections, partitions, LATEST)
    return ends.reduce((sum, { offset }) => sum + offset, 0)
  } finally {
    await connections.close()
    await cluster.close()
  }
}

/** The record of the requirements, about a message that exists and now. */
function required(topic: string, smsId: number, more: object = {}): Record<string, unknown> {
  const now = new Date().toISOString()
  const times = Object.keys(REQUIRED[topic]!).filter((name) => /^(timestamp|.*_at)$/.test(name))
  const of = { ...REQUIRED[topic], ...Object.fromEntries(times.map((name) => [name, now])) }
  return { ...of, ...('sms_id' in of ? { sms_id: smsId } : {}), ...more }
}

/** Whether the audit log has a line about a record with that value. */
async function isAudited(topic: string, value: object): Promise<boolean> {
  const sought = createHash('sha256').update(JSON.stringify(value)).digest('base64url')
  for (const file of listAuditFiles(join(bench.gateway.dataFolder, 'audit'))) {
    for await (const entry of readEntries(file)) if (entry.topic === topic && entry.value_sha256 === sought) return true
  }
  return false
}

test('a plain status of the requirements reaches PostgreSQL, the webhook, ClickHouse and the audit log', async () => {
  const smsId = await post({ send_at: LATER })
  const value = required(TOPICS.status, smsId)
  await plain.produce(TOPICS.status, [{ key: String(smsId), value }])
  await eventually(
    'the message is delivered',
    () => statusOf(smsId),
    (status) => status === 'delivered',
  )
  const posted = await eventually(
    'the webhook is posted',
    () => [...sink.events.values()].filter((event) => event.smsId === smsId),
    (events) => events.length > 0,
  )
  expect(posted).toMatchObject([{ status: 'delivered', times: 1 }])
  const rows = await eventually(
    'the status is in ClickHouse',
    () =>
      readRows(clickhouse, 'SELECT status, customer_id FROM statuses FINAL WHERE sms_id = {id:UInt64}', { id: smsId }),
    (found) => found.length > 0,
  )
  expect(rows).toEqual([{ status: 'delivered', customer_id: CUSTOMER }])
  await eventually(
    'the status is in the audit log',
    () => isAudited(TOPICS.status, value),
    (isThere) => isThere,
  )
})

test('a plain accepted message of the requirements is in ClickHouse and in the audit log', async () => {
  const smsId = Number(REQUIRED[TOPICS.accepted]!.sms_id)
  const value = required(TOPICS.accepted, smsId)
  await plain.produce(TOPICS.accepted, [{ key: CUSTOMER, value }])
  const rows = await eventually(
    'the accepted message is in ClickHouse',
    () =>
      readRows(
        clickhouse,
        'SELECT customer_id, phone, segments, operator FROM accepted FINAL WHERE sms_id = {id:UInt64}',
        { id: smsId },
      ),
    (found) => found.length > 0,
  )
  expect(rows).toEqual([{ customer_id: CUSTOMER, phone: '+989121234567', segments: 1, operator: 'unknown' }])
  await eventually(
    'the accepted message is in the audit log',
    () => isAudited(TOPICS.accepted, value),
    (isThere) => isThere,
  )
})

test.each([
  ['customer', CUSTOMER],
  ['operator', 'mci'],
])('a plain task of the requirements, keyed by the %s, is submitted by a worker', async (_, recordKey) => {
  const smsId = await post({ send_at: LATER })
  await plain.produce(TOPICS.delivery, [{ key: recordKey, value: required(TOPICS.delivery, smsId) }])
  await eventually(
    'the message has failed',
    () => statusOf(smsId),
    (status) => status === 'failed',
  )
})

test('a plain dead letter of the requirements is kept, and its object is redriven as a record', async () => {
  const smsId = await post({ send_at: LATER })
  const message = required(TOPICS.status, smsId, { status: 'delivered' })
  const letter = required(TOPICS.deadLetters, smsId, { original_topic: TOPICS.status, message })
  await plain.produce(TOPICS.deadLetters, [{ key: String(smsId), value: letter }])
  const kept = await eventually(
    'the dead letter is kept',
    async () => {
      const select = 'SELECT dlq_partition, dlq_offset, error, value FROM dead_letters WHERE sms_id = $1'
      return (await bench.pool.query(select, [smsId])).rows
    },
    (rows) => rows.length > 0,
  )
  expect(kept).toMatchObject([
    { error: REQUIRED[TOPICS.deadLetters]!.error, value: Buffer.from(JSON.stringify(message)) },
  ])
  const { admin, admin_token: token } = bench.gateway.servers
  const id = `${kept[0].dlq_partition}-${kept[0].dlq_offset}`
  const redriven = await fetch(`${admin}/v1/dead-letters/redrive`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-smsgw-by': 'test' },
    body: JSON.stringify({ ids: [id] }),
  })
  expect(redriven.ok, await redriven.text()).toBe(true)
  await eventually(
    'the message is delivered',
    () => statusOf(smsId),
    (status) => status === 'delivered',
  )
})

/** Whether a value is one that a program takes for that of the requirements: of its type, or null where an error or a time may be missing. */
function isUnderstood(name: string, value: unknown, shown: unknown): boolean {
  const mayBeNull = [
    'error_code',
    'error_message',
    'delivered_at',
    'operator_message_id',
    'idempotency_key',
    'ip',
    'user_agent',
  ]
  if (value === null) return mayBeNull.includes(name)
  if (shown === null) return typeof value === 'string'
  if (typeof shown !== 'object') return typeof value === typeof shown
  return Object.entries(shown as object).every(([inner, example]) => {
    return isUnderstood(inner, (value as Record<string, unknown>)[inner], example)
  })
}

test('a program that knows only the fields of the requirements understands what the gateway writes', async () => {
  const smsId = await post()
  const message = await eventually(
    'the message has failed',
    () => call('GET', `/v1/messages/${smsId}`),
    ({ status }) => status === 'failed',
  )
  expect(message).toMatchObject({
    error_code: '011',
    error_message: 'The operator reported that delivery failed: code 011.',
  })
  // An object, and not of the form: the worker writes a dead letter about it.
  const bad = { sms_id: 'seven', operator: 'mci', id: 12 }
  await plain.produce(TOPICS.delivery, [{ key: CUSTOMER, value: bad }])

  const keyOf = { [TOPICS.accepted]: CUSTOMER, [TOPICS.delivery]: CUSTOMER, [TOPICS.status]: String(smsId) }
  for (const [topic, recordKey] of Object.entries(keyOf)) {
    const ours = (await plain.consume(topic, await countRecords(topic))).filter(
      ({ value }) => (value as { sms_id: number }).sms_id === smsId,
    )
    expect(ours.length, topic).toBeGreaterThan(0)
    for (const record of ours) {
      expect(record.key).toBe(recordKey)
      expect(record.value, topic).toSatisfy((value) => isUnderstood('', value, REQUIRED[topic]))
    }
    if (topic === TOPICS.status) {
      const last = ours.find(({ value }) => (value as { status: string }).status === 'failed')!.value
      expect(last).toMatchObject({ error_code: '011', error_message: message.error_message })
    }
  }
  const keepsIt = async (): Promise<boolean> => {
    const { rows } = await bench.pool.query("SELECT FROM dead_letters WHERE reason = 'schema'")
    return rows.length > 0
  }
  await eventually('a dead letter about the schema is kept', keepsIt, (isKept) => isKept)
  const letters = await plain.consume(TOPICS.deadLetters, await countRecords(TOPICS.deadLetters))
  const letter = letters.find(({ value }) => (value as { message: { id?: number } }).message?.id === 12)!
  expect(letter.key).toBe(CUSTOMER)
  expect(letter.value).toSatisfy((value) => isUnderstood('', value, REQUIRED[TOPICS.deadLetters]))
  expect(letter.value).toMatchObject({ original_topic: TOPICS.delivery, message: bad })
})
