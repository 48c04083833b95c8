import { createClickHouse } from '../src/analytics/clickhouse-client.ts'
import { analyticsSettings } from '../src/analytics/config.ts'
import type { Pool } from '../src/postgres/pool.ts'
import { readSettings } from '../src/runtime/settings.ts'
import { startBenchGateway } from './bench-gateway.ts'
import { runLoad } from './load/run-load.ts'
import { treeUsage } from './measure/process-usage.ts'
import { cpuByPart } from './measure/usage-by-process.ts'
import { VisibilityWatch, visibilityLatency } from './measure/watch-visibility.ts'
import { WebhookSink } from './measure/webhook-sink.ts'

export interface PipelineOptions {
  readonly ratePerSecond: number
  readonly seconds: number
  readonly brokers: 1 | 3
  /** Of ten customers, how many hear by webhook. */
  readonly webhookTenths: number
  readonly warmUpSeconds: number
  /** What the gateway is told beside its defaults. */
  readonly env?: NodeJS.ProcessEnv
}

const CUSTOMERS = 10
const DRAIN_MS_MAX = 120_000

/**
 * Single posts at a steady rate through the whole gateway, to the final status of each, and what that cost. All
 * servers run here; the load comes from a process of its own.
 */
export async function benchPipeline(options: PipelineOptions) {
  const sink = new WebhookSink()
  const url = await sink.start()
  const webhooks = { customers: options.webhookTenths, url }
  const bench = await startBenchGateway({ ...options, customers: CUSTOMERS, webhooks })
  const { gateway, pool, apiKeys } = bench
  const clickhouse = createClickHouse({
    ...readSettings(analyticsSettings, {}),
    CLICKHOUSE_URL: gateway.servers.clickhouse,
  })
  const watch = new VisibilityWatch(clickhouse)
  const load = { api: gateway.servers.api, apiKeys, connections: 512, idempotency: null, phones: 1_000_000 }
  try {
    const warm = await runLoad({ ...load, ratePerSecond: options.ratePerSecond, seconds: options.warmUpSeconds })
    await untilFinal(pool, warm.accepted.length)
    const before = cpuByPart(gateway)
    watch.start()
    const result = await runLoad({ ...load, ratePerSecond: options.ratePerSecond, seconds: options.seconds })
    const atEnd = await countFinal(pool)
    const drainMs = await untilFinal(pool, warm.accepted.length + result.accepted.length)
    const after = cpuByPart(gateway)
    const cpu = Object.entries(after).map(
      ([part, cpuMs]) => [part, (cpuMs - before[part]!) / result.accepted.length] as const,
    )
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await watch.stop()
    return {
      offeredPerSecond: options.ratePerSecond,
      seconds: options.seconds,
      accepted: result.accepted.length,
      refused: result.refused,
      acceptMs: result.latencyMs,
      clickhouseMs: visibilityLatency(result.accepted, watch.visibleAtMs),
      openAtEnd: warm.accepted.length + result.accepted.length - atEnd,
      drainMs,
      statuses: await countStatuses(pool),
      webhooks: { events: sink.events.size },
      cpuMsPerMessage: { ...Object.fromEntries(cpu), all: cpu.reduce((sum, [, each]) => sum + each, 0) },
      peakMiB: Math.round(treeUsage(process.pid).peakBytes / 2 ** 20),
    }
  } finally {
    await watch.stop()
    await clickhouse.close()
    await bench.stop()
    await sink.stop()
  }
}

async function untilFinal(pool: Pool, messages: number): Promise<number> {
  const startMs = Date.now()
  while ((await countFinal(pool)) < messages) {
    if (Date.now() - startMs > DRAIN_MS_MAX) return Number.NaN
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return Date.now() - startMs
}

async function countFinal(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*) AS count FROM message_states
     WHERE customer_id LIKE 'bench-%' AND status IN ('delivered', 'failed', 'rejected', 'expired', 'unknown')`,
  )
  return rows[0]!.count
}

async function countStatuses(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    `SELECT coalesce(s.status, 'accepted') AS status, count(*) AS count
     FROM messages m LEFT JOIN message_states s ON s.sms_id = m.sms_id
     WHERE m.customer_id LIKE 'bench-%' GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
