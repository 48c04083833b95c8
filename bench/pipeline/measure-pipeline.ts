import { type ClickHouse, createClickHouse } from '../../src/clickhouse/clickhouse-client.ts'
import { clickhouseSettings } from '../../src/clickhouse/config.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { type BenchGateway, startBenchGateway } from '../bench-gateway.ts'
import { runLoad } from '../load/run-load.ts'
import { type IngestDelayMs, ingestDelay } from '../measure/clickhouse-delay.ts'
import { countFinal, countStatuses } from '../measure/count-statuses.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import { growDuring } from '../measure/grow-topics.ts'
import type { LatencyMs } from '../measure/latency.ts'
import { expectFinal, untilFinal } from '../measure/until-final.ts'
import { cpuMsPerMessage, type PartUsage, UsageWatch } from '../measure/usage-watch.ts'
import { VisibilityWatch, visibilityLatency } from '../measure/watch-visibility.ts'
import { WebhookSink } from '../measure/webhook-sink.ts'
import type { Workbench } from '../run/workbench.ts'

export interface PipelineOptions {
  readonly ratePerSecond: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly brokers: 1 | 3
  /** Share of the messages of a customer with a webhook; in tenths. */
  readonly webhookShare: number
  /** How often partitions are added to `sms.accepted` and `sms.status` meanwhile. */
  readonly growths: number
}

export interface PipelineResult {
  readonly offeredPerSecond: number
  readonly acceptedPerSecond: number
  /** All accepted in time, and what was then without its final status was under way, not behind. */
  readonly held: boolean
  readonly refused: Readonly<Record<string, number>>
  readonly acceptMs: LatencyMs
  readonly clickhouseSeenMs: IngestDelayMs & { readonly unseen: number }
  readonly clickhouseOwnMs: IngestDelayMs
  /** Messages without final status when the last post was answered. */
  readonly openAtEnd: number
  /** From then until none was left; null: some were left when the time was up. */
  readonly drainMs: number | null
  readonly statuses: Readonly<Record<string, number>>
  readonly webhookEvents: number
  readonly cpuMsPerMessage: Readonly<Record<string, number>>
  readonly usage: Readonly<Record<string, PartUsage>>
}

const CUSTOMERS = 10
/** A message is on its way for about half a second, so a role that keeps up has no larger backlog. */
const UNDER_WAY_SECONDS = 2
const LATE_MS_MAX = 1_000
/** For what is still on its way to ClickHouse and the endpoints. */
const SETTLE_MS = 2_000

/**
 * Single posts at a steady rate through the whole gateway, to the final status of each, and what that cost. All
 * servers run here; the load comes from a process of its own.
 */
export async function measurePipeline(workbench: Workbench, options: PipelineOptions): Promise<PipelineResult> {
  const sink = new WebhookSink()
  const url = await sink.start()
  await workbench.keep(Promise.resolve(sink))
  const webhooks = { customers: Math.round(options.webhookShare * CUSTOMERS), url }
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const bench = await workbench.keep(
    startBenchGateway({ brokers: options.brokers, customers: CUSTOMERS, webhooks, progress }),
  )
  const clickhouse = createClickHouse({
    ...readSettings(clickhouseSettings, {}),
    CLICKHOUSE_URL: bench.gateway.servers.clickhouse,
  })
  await workbench.keep(Promise.resolve({ stop: () => clickhouse.close() }))
  const result = await measure(workbench, bench, clickhouse, options)
  await bench.stop()
  await sink.stop()
  return { ...result, webhookEvents: sink.events.size }
}

async function measure(
  workbench: Workbench,
  { gateway, pool, apiKeys }: BenchGateway,
  clickhouse: ClickHouse,
  { ratePerSecond, seconds, warmUpSeconds, growths }: PipelineOptions,
): Promise<Omit<PipelineResult, 'webhookEvents'>> {
  const load = { api: gateway.servers.api, apiKeys, connections: 512, idempotency: null, phones: 1_000_000 }
  workbench.progress(`warming up at ${ratePerSecond}/s for ${warmUpSeconds} s`)
  const warm = await runLoad({ ...load, ratePerSecond, seconds: warmUpSeconds })
  await expectFinal(pool, warm.acceptedCount)
  const visibility = new VisibilityWatch(clickhouse)
  const usageWatch = new UsageWatch(() => gatewayParts(gateway))
  workbench.progress(`measuring for ${seconds} s`)
  const firstSmsId = firstSmsIdAt(Date.now())
  usageWatch.start()
  visibility.start()
  const [{ accepted, acceptedCount, offered, ...offer }] = await Promise.all([
    runLoad({ ...load, ratePerSecond, seconds }),
    growDuring(gateway.servers, seconds, growths),
  ])
  const openAtEnd = warm.acceptedCount + acceptedCount - (await countFinal(pool))
  const drainMs = await untilFinal(pool, warm.acceptedCount + acceptedCount)
  const usage = usageWatch.stop()
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  await visibility.stop()
  const inTime = offer.elapsedMs <= seconds * 1_000 + LATE_MS_MAX
  return {
    offeredPerSecond: ratePerSecond,
    acceptedPerSecond: (acceptedCount * 1_000) / offer.elapsedMs,
    held: acceptedCount === offered && inTime && openAtEnd <= ratePerSecond * UNDER_WAY_SECONDS && drainMs !== null,
    refused: offer.refused,
    acceptMs: offer.latencyMs,
    clickhouseSeenMs: visibilityLatency(accepted, visibility.visibleAtMs),
    clickhouseOwnMs: await ingestDelay(clickhouse, firstSmsId),
    openAtEnd,
    drainMs,
    statuses: await countStatuses(pool),
    cpuMsPerMessage: cpuMsPerMessage(usage, acceptedCount),
    usage,
  }
}
