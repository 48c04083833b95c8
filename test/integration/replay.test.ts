import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { type ClickHouse, createClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { kafkaOf } from '../../src/process/servers/servers-file.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { previewReset } from '../../src/tools/groups/reset-offsets.ts'
import type { RecordChoice } from '../../src/tools/replay/choose-records.ts'
import { type ReplayResult, replayRecords } from '../../src/tools/replay/replay-records.ts'
import {
  intoClickHouse,
  intoDelivery,
  intoStatus,
  intoWebhooks,
  type ReplayTarget,
} from '../../src/tools/replay/replay-targets.ts'
import { intoFile } from '../../src/tools/replay/write-records.ts'
import { webhookSettings } from '../../src/webhooks/config.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'
import { countFinalMessages } from '../servers/count-final-messages.ts'

const MESSAGES = 200
const HOUR_MS = 3_600_000

let bench: BenchGateway
let sink: WebhookSink
let cluster: Cluster
let clickhouse: ClickHouse
let smsIds: number[]

beforeAll(async () => {
  sink = new WebhookSink()
  const webhooks = { customers: 1, url: await sink.start() }
  bench = await startBenchGateway({ brokers: 1, customers: 2, webhooks, env: { SIMULATOR_REJECTED_SHARE: '0.1' } })
  const { clickhouse: url, api } = bench.gateway.servers
  cluster = new Cluster({ ...kafkaOf(bench.gateway.servers), clientId: 'test' })
  clickhouse = createClickHouse({ ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: url })
  const load = { api, apiKeys: bench.apiKeys, ratePerSecond: 200, seconds: 1, connections: 8, phones: 1_000_000 }
  const { accepted } = await postOpenLoop({ ...load, idempotency: 'replay' })
  smsIds = accepted.map(([smsId]) => smsId)
  await eventually('every count is complete', totals, (found) =>
    Object.values(found).every((count) => count === MESSAGES),
  )
})

afterAll(async () => {
  await clickhouse?.close()
  await cluster?.close()
  await bench?.stop()
  await sink?.stop()
})

/** What ClickHouse says of messages with a final status: from events, and from its roll-up. */
async function totals(): Promise<{ finals: number; minutes: number; accepted: number }> {
  let finals = 0
  for (const customer of ['bench-0', 'bench-1']) {
    for (const count of (await countFinalMessages(clickhouse, customer)).values()) finals += count
  }
  const [minutes] = await readRows<{ messages: number }>(
    clickhouse,
    `SELECT toFloat64(groupBitmapMerge(messages)) AS messages FROM status_minutes
     WHERE status IN ('delivered', 'rejected') AND customer_id LIKE 'bench-%'`,
  )
  const [accepted] = await readRows<{ messages: number }>(
    clickhouse,
    "SELECT toFloat64(count()) AS messages FROM accepted FINAL WHERE customer_id LIKE 'bench-%'",
  )
  return { finals, minutes: minutes!.messages, accepted: accepted!.messages }
}

async function replay(topic: string, target: ReplayTarget, choice: RecordChoice = {}): Promise<ReplayResult> {
  const connections = cluster.connections()
  const range = { topic, fromMs: Date.now() - HOUR_MS, toMs: Date.now() }
  try {
    return await replayRecords(cluster, connections, range, choice, target, () => {})
  } finally {
    await target.close()
    await connections.close()
  }
}

const submits = (): number =>
  readFileSync(join(bench.gateway.dataFolder, 'simulator', 'ledger.ndjson'), 'utf8').match(/"kind":"submit"/g)!.length

const analytics = (): ReplayTarget =>
  intoClickHouse({ ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: bench.gateway.servers.clickhouse })

test('an hour given to ClickHouse again changes no total, and brings back what was lost', async () => {
  const before = await totals()
  const { chosen, taken } = await replay('sms.status', analytics())
  expect(taken).toBe(chosen)
  await replay('sms.accepted', analytics())
  expect(await totals()).toEqual(before)

  for (const table of ['accepted', 'statuses', 'status_minutes']) {
    await clickhouse.command({ query: `TRUNCATE TABLE ${table}` })
  }
  expect(await totals()).toEqual({ finals: 0, minutes: 0, accepted: 0 })
  await replay('sms.status', analytics())
  await replay('sms.accepted', analytics())
  expect(await totals()).toEqual(before)
})

test('given to the others again, no phone gets anything and no balance moves', async () => {
  const sent = submits()
  const books = async () => (await bench.pool.query('SELECT * FROM balances ORDER BY customer_id')).rows
  const before = await books()
  const status = await replay('sms.status', intoStatus(bench.pool))
  expect(status.taken).toBe(status.read)

  const tasks = await replay('sms.delivery', await intoDelivery(cluster, 5), { customerId: 'bench-1' })
  expect(tasks).toMatchObject({ chosen: MESSAGES / 2, taken: MESSAGES / 2 })
  // A worker publishes the stored outcome of a task that it takes up again.
  const repeated = await eventually(
    'half of the statuses are published again',
    () => replayedStatuses(),
    (count) => count >= MESSAGES / 2,
  )
  expect(repeated).toBeGreaterThanOrEqual(MESSAGES / 2)
  expect(submits()).toBe(sent)
  expect(await books()).toEqual(before)
})

/** Messages of which some event was published more than once. */
async function replayedStatuses(): Promise<number> {
  const seen = new Set<string>()
  const repeated = new Set<number>()
  const count: ReplayTarget = {
    topics: [],
    close: async () => {},
    async take(records) {
      for (const { value } of records) {
        const { sms_id, event_id } = JSON.parse(value!.toString()) as { sms_id: number; event_id: string }
        if (seen.has(event_id)) repeated.add(sms_id)
        seen.add(event_id)
      }
      return records.length
    },
  }
  await replay('sms.status', count, { customerId: 'bench-1' })
  return repeated.size
}

test('a customer hears of its messages again, under the same webhook ids', async () => {
  const reported = sink.events.size
  const settings = { ...readSettings(webhookSettings, {}), WEBHOOK_ALLOW_PRIVATE: 'yes' as const }
  await replay('sms.status', intoWebhooks(bench.pool, settings), { customerId: 'bench-0' })
  expect(sink.events.size).toBe(reported)
  expect([...sink.events.values()].every(({ times }) => times === 2)).toBe(true)
})

test('one message is found among all, and written to a file that is not overwritten', async () => {
  const path = join(bench.gateway.dataFolder, 'replayed.ndjson')
  const { chosen } = await replay('sms.accepted', intoFile(path), { smsId: smsIds[0]! })
  expect(chosen).toBe(1)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
    topic: 'sms.accepted',
    headers: { ce_type: 'sms.accepted' },
    value: { sms_id: smsIds[0] },
  })
  await expect(replay('sms.accepted', intoFile(path))).rejects.toThrow(/EEXIST/)
})

test('what cannot be is refused, and the next command is named', async () => {
  await expect(replay('sms.nothing', intoFile('-'))).rejects.toThrow(/no topic "sms.nothing".*topics describe/)
  await expect(replay('sms.delivery', analytics())).rejects.toThrow(/takes sms.accepted or sms.status/)
  const connections = cluster.connections()
  const reset = (group: string) =>
    previewReset(cluster, connections, { group, topics: [], target: { kind: 'earliest' } })
  await expect(reset('smsgw-status')).rejects.toThrow(/has members.*Stop them first/)
  await expect(reset('smsgw-nobody')).rejects.toThrow(/no group "smsgw-nobody".*smsgw-status/)
  await connections.close()
})
