import type { LatencyMs } from '../../test/gateway/load/latency.ts'
import { startLoad } from '../load/run-load.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import { watchProgress } from '../measure/progress-watch.ts'
import { cpuMsPerMessage, UsageWatch } from '../measure/usage-watch.ts'
import { type Backbone, readMetric, startRole } from '../run/start-roles.ts'
import type { Workbench } from '../run/workbench.ts'
import type { Drained } from './drained.ts'

const SAMPLE_MS = 1_000
const MS_MAX = 900_000
/**
 * Rows so young count as what a relay that keeps up has always before it, or as what the load has yet to begin with.
 */
const BEHIND_SECONDS = 5

/** Starts the relay on rows that wait, while others come, and waits until it has caught up. */
export async function drainOutbox(
  workbench: Workbench,
  backbone: Backbone,
  options: { readonly size: number; readonly ratePerSecond: number; readonly apiKeys: readonly string[] },
): Promise<Drained & { readonly acceptMs: LatencyMs }> {
  const { size, ratePerSecond, apiKeys } = options
  // A backlog here would make the API refuse until some of it is gone.
  backbone.env.OUTBOX_ROWS_MAX = String(size * 2)
  const api = (await startRole(workbench, backbone, 'api'))!
  const load = startLoad({
    ...{ api, apiKeys, ratePerSecond, connections: 256, idempotency: null, phones: 1_000_000 },
    seconds: MS_MAX / 1_000,
  })
  const watch = new UsageWatch(() => gatewayParts(backbone))
  const loadStartMs = Date.now()
  await startRole(workbench, backbone, 'relay')
  const startMs = Date.now()
  watch.start()
  const seconds = (): number => (Date.now() - loadStartMs) / 1_000
  const { samples, finished } = await watchProgress({
    read: () => readMetric(backbone, 'relay', 'smsgw_outbox_published_total'),
    enough: () => size + Math.max(0, seconds() - BEHIND_SECONDS) * ratePerSecond,
    everyMs: SAMPLE_MS,
    msMax: MS_MAX,
    notify: (published) => workbench.progress(`${published} rows published`),
  })
  const elapsedMs = Date.now() - startMs
  const usage = watch.stop()
  load.stop()
  const { acceptedCount, latencyMs } = await load.result
  const drained = samples.at(-1)!.done
  return {
    name: 'outbox',
    title: `${size} rows in the outbox, ${ratePerSecond}/s accepted meanwhile`,
    waited: size,
    drained: size + acceptedCount,
    finished,
    seconds: elapsedMs / 1_000,
    perSecond: (drained * 1_000) / elapsedMs,
    startMs,
    samples,
    memory: watch.samples,
    memoryOf: ['relay', 'api', 'postgres', 'kafka'],
    usage,
    cpuMsPerMessage: cpuMsPerMessage(usage, drained),
    acceptMs: latencyMs,
  }
}
