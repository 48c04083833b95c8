import { type ClickHouse, createClickHouse } from '../../src/clickhouse/clickhouse-client.ts'
import { clickhouseSettings } from '../../src/clickhouse/config.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { startBenchGateway } from '../../test/gateway/bench-gateway.ts'
import { WebhookSink } from '../../test/gateway/peers/webhook-sink.ts'
import { runLoad } from '../load/run-load.ts'
import { untilFinal } from '../measure/until-final.ts'
import type { Workbench } from '../run/workbench.ts'
import { type StoredBytes, StoredSizes } from './stored-sizes.ts'

export interface StorageLoad {
  readonly messages: number
  readonly rate: number
}

export interface StorageResult {
  readonly messages: number
  /** Of those, how many have their final status; each was delivered by a receipt. */
  readonly finalCount: number
  readonly webhookEvents: number
  readonly stores: readonly StoredBytes[]
}

const CUSTOMERS = 20
const PHONES = 1_000_000
const CONNECTIONS = 256
/** Published, applied and posted after the last final status. */
const SETTLE_MS = 5_000

/**
 * What messages take up on disk, by store and table: single posts, each with an idempotency key, through the whole
 * gateway over SMPP, each with a receipt and with webhooks. What was there before them is subtracted.
 */
export async function measureStorage(workbench: Workbench, { messages, rate }: StorageLoad): Promise<StorageResult> {
  const sink = new WebhookSink()
  const url = await sink.start()
  await workbench.keep(Promise.resolve(sink))
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const webhooks = { customers: CUSTOMERS, url }
  const bench = await workbench.keep(startBenchGateway({ brokers: 1, customers: CUSTOMERS, webhooks, progress }))
  const clickhouse = openClickHouse(bench.gateway.servers.clickhouse)
  await workbench.keep(Promise.resolve({ stop: () => clickhouse.close() }))
  const sizes = new StoredSizes(bench.pool, clickhouse, bench.gateway.dataFolder)
  const before = await sizes.read()
  workbench.progress(`posting ${messages} messages at ${rate}/s`)
  const { acceptedCount } = await runLoad({
    api: bench.gateway.servers.api,
    apiKeys: bench.apiKeys,
    ratePerSecond: rate,
    seconds: messages / rate,
    connections: CONNECTIONS,
    idempotency: '0b7d6a1e-4c57-4d1f-9f0a-3c1e',
    phones: PHONES,
  })
  const isFinal = (await untilFinal(bench.pool, acceptedCount)) !== null
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const stores = await sizes.since(before, acceptedCount)
  const result = {
    messages: acceptedCount,
    finalCount: isFinal ? acceptedCount : 0,
    webhookEvents: sink.events.size,
    stores,
  }
  await bench.stop()
  await sink.stop()
  return result
}

function openClickHouse(url: string): ClickHouse {
  return createClickHouse({ ...readSettings(clickhouseSettings, {}), CLICKHOUSE_URL: url })
}
