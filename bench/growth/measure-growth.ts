import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { type BenchGateway, startBenchGateway } from '../bench-gateway.ts'
import { fillCustomers, issueKeys, someCustomers } from '../fill/fill-customers.ts'
import { fillDelivered } from '../fill/fill-messages.ts'
import { runLoad } from '../load/run-load.ts'
import { countFinal } from '../measure/count-statuses.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import type { LatencyMs } from '../measure/latency.ts'
import { expectFinal } from '../measure/until-final.ts'
import { cpuMsPerMessage, UsageWatch } from '../measure/usage-watch.ts'
import type { Workbench } from '../run/workbench.ts'

export interface GrowthLoad {
  readonly rate: number
  readonly seconds: number
  readonly warmUp: number
}

export interface GrowthPoint {
  readonly size: number
  readonly cpuMsPerMessage: Readonly<Record<string, number>>
  readonly acceptMs: LatencyMs
  readonly openAtEnd: number
}

export interface Growth {
  readonly doc: string
  readonly sizes: readonly number[]
  measure(workbench: Workbench, sizes: readonly number[], load: GrowthLoad): Promise<GrowthPoint[]>
}

export type GrowthName = 'partitions' | 'customers' | 'messages'

/** What may grow without making a message dearer. */
export const GROWTHS: Readonly<Record<GrowthName, Growth>> = {
  partitions: { doc: 'partitions of sms.delivery, one worker', sizes: [1, 10, 50], measure: growPartitions },
  customers: { doc: 'customers', sizes: [100, 10_000, 1_000_000], measure: growCustomers },
  messages: { doc: 'messages stored', sizes: [100_000, 1_000_000, 5_000_000], measure: growMessages },
}

const CUSTOMERS = 100
/** Customers that post, of all: enough that few of them post twice while a key is remembered. */
const POSTING_MAX = 10_000
/** How many times longer a gateway that has just started is warmed up: its code is still being compiled. */
const FRESH_WARM_UPS = 3
/** Filled messages of one size lie in another second than those of the next. */
const AGE_MS = 3_600_000

/** A topic cannot shrink, so each size has a gateway of its own. */
async function growPartitions(
  workbench: Workbench,
  sizes: readonly number[],
  load: GrowthLoad,
): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = []
  for (const size of sizes) {
    const bench = await startFilled(workbench, { TOPICS_FILE: topicsFile(workbench.folder, size) })
    await fillCustomers(bench.pool, 0, CUSTOMERS)
    points.push(await measureAt(workbench, bench, size, await keysOf(bench, CUSTOMERS), fresh(load)))
    await bench.stop()
  }
  return points
}

async function growCustomers(workbench: Workbench, sizes: readonly number[], load: GrowthLoad): Promise<GrowthPoint[]> {
  const bench = await startFilled(workbench)
  const points: GrowthPoint[] = []
  let filled = 0
  for (const size of sizes) {
    workbench.progress(`making customers up to ${size}`)
    await fillCustomers(bench.pool, filled, size)
    filled = size
    await settle(bench)
    points.push(
      await measureAt(workbench, bench, size, await keysOf(bench, size), points.length === 0 ? fresh(load) : load),
    )
  }
  await bench.stop()
  return points
}

async function growMessages(workbench: Workbench, sizes: readonly number[], load: GrowthLoad): Promise<GrowthPoint[]> {
  const bench = await startFilled(workbench)
  await fillCustomers(bench.pool, 0, CUSTOMERS)
  const apiKeys = await keysOf(bench, CUSTOMERS)
  const points: GrowthPoint[] = []
  let filled = 0
  for (const size of sizes) {
    workbench.progress(`storing messages up to ${size}`)
    const acceptedAtMs = Date.now() - AGE_MS
    await fillDelivered(bench.pool, { acceptedAtMs, count: size - filled, customers: CUSTOMERS, progress: () => {} })
    filled = size
    await settle(bench)
    points.push(await measureAt(workbench, bench, size, apiKeys, points.length === 0 ? fresh(load) : load))
  }
  await bench.stop()
  return points
}

function startFilled(workbench: Workbench, env: NodeJS.ProcessEnv = {}): Promise<BenchGateway> {
  const webhooks = { customers: 0, url: '' }
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  return workbench.keep(startBenchGateway({ brokers: 1, customers: 0, webhooks, env, progress }))
}

function fresh(load: GrowthLoad): GrowthLoad {
  return { ...load, warmUp: load.warmUp * FRESH_WARM_UPS }
}

function keysOf({ pool }: BenchGateway, customers: number): Promise<string[]> {
  return issueKeys(pool, someCustomers(customers, POSTING_MAX))
}

/** What PostgreSQL would do in the background about rows that were filled in is done before it is measured. */
async function settle({ pool }: BenchGateway): Promise<void> {
  await pool.query('VACUUM ANALYZE')
  await pool.query('CHECKPOINT')
}

async function measureAt(
  workbench: Workbench,
  { gateway, pool }: BenchGateway,
  size: number,
  apiKeys: readonly string[],
  { rate: ratePerSecond, seconds, warmUp }: GrowthLoad,
): Promise<GrowthPoint> {
  const load = { api: gateway.servers.api, apiKeys, connections: 128, idempotency: null, phones: 1_000_000 }
  const firstSmsId = firstSmsIdAt(Date.now())
  const warm = await runLoad({ ...load, ratePerSecond, seconds: warmUp })
  await expectFinal(pool, warm.acceptedCount, firstSmsId)
  const watch = new UsageWatch(() => gatewayParts(gateway))
  watch.start()
  const { acceptedCount, latencyMs } = await runLoad({ ...load, ratePerSecond, seconds })
  const expected = warm.acceptedCount + acceptedCount
  const openAtEnd = expected - (await countFinal(pool, firstSmsId))
  await expectFinal(pool, expected, firstSmsId)
  const usage = watch.stop()
  const cost = cpuMsPerMessage(usage, acceptedCount)
  workbench.progress(`${size}: ${cost.all!.toFixed(3)} ms of CPU a message`)
  return { size, cpuMsPerMessage: cost, acceptMs: latencyMs, openAtEnd }
}

/** The topics as they are declared, but for the partitions of one. */
function topicsFile(folder: string, partitions: number): string {
  const declared = parse(readFileSync(join(import.meta.dirname, '../../config/topics.yaml'), 'utf8')) as {
    topics: Record<string, { partitions: number }>
  }
  declared.topics['sms.delivery']!.partitions = partitions
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `topics-${partitions}.yaml`)
  writeFileSync(file, stringify(declared))
  return file
}
