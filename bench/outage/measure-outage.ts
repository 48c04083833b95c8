import { setTimeout } from 'node:timers/promises'
import { startLoad } from '../load/run-load.ts'
import { countStatuses } from '../measure/count-statuses.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import { untilFinal } from '../measure/until-final.ts'
import { type UsageSample, UsageWatch } from '../measure/usage-watch.ts'
import type { Workbench } from '../run/workbench.ts'
import {
  arrivalsPerSecond,
  judgeMemory,
  judgeOutage,
  type Memory,
  type Moments,
  OPERATORS,
  type Operator,
  type OutageVerdict,
  type Submit,
} from './judge-outage.ts'
import { OutageGateway } from './outage-gateway.ts'

export interface OutageMeasure {
  readonly ratePerSecond: number
  readonly beforeSeconds: number
  readonly outageSeconds: number
}

export interface OutageResult extends OutageVerdict {
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  /** `unknown` are those whose answer the dead operator owed. */
  readonly statuses: Readonly<Record<string, number>>
  /** From the last post until all had their final status; null: some had none when the time was up. */
  readonly finalMs: number | null
  readonly memory: Readonly<Record<string, Memory>>
  readonly perSecond: Readonly<Record<Operator, readonly (readonly [second: number, perSecond: number])[]>>
}

const CUSTOMERS = 10
const PHONES_OF_SHARE = 1_000
const WARM_UP_SECONDS = 15
/** Of the chart. */
const STEPS_MAX = 150

/**
 * Single posts at a steady rate, a third for each of three operators. One of them is killed, and comes back; then the
 * load goes on for as long as it was measured before. All servers run here; the load comes from a process of its own.
 */
export async function measureOutage(workbench: Workbench, options: OutageMeasure): Promise<OutageResult> {
  const { ratePerSecond, beforeSeconds, outageSeconds } = options
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const outage = await workbench.keep(
    OutageGateway.start({
      folder: workbench.folder,
      customers: CUSTOMERS,
      phonesOfShare: PHONES_OF_SHARE,
      progress,
    }),
  )
  const { gateway, pool, apiKeys } = outage.bench
  const seconds = WARM_UP_SECONDS + beforeSeconds + outageSeconds + beforeSeconds
  workbench.progress(`${ratePerSecond}/s for ${seconds} s`)
  const load = { ratePerSecond, seconds, connections: 512, idempotency: null, phones: outage.phones }
  const loading = startLoad({ api: gateway.servers.api, apiKeys, ...load }).result
  // Should something else fail first, it is that which counts.
  loading.catch(() => {})
  await setTimeout(WARM_UP_SECONDS * 1_000)
  const usage = new UsageWatch(() => gatewayParts(gateway))
  usage.start()
  const beginMs = Date.now()
  await setTimeout(beforeSeconds * 1_000)
  const killedMs = Date.now()
  await outage.kill('a')
  workbench.progress('a is dead')
  await setTimeout(outageSeconds * 1_000)
  const revivedMs = Date.now()
  await outage.revive('a')
  workbench.progress('a is back')
  const { acceptedCount: accepted, refused } = await loading
  const moments = { beginMs, killedMs, revivedMs, endMs: Date.now() }
  const finalMs = await untilFinal(pool, accepted)
  usage.stop()
  const submits = await outage.submits()
  return {
    accepted,
    refused,
    finalMs,
    ...judgeOutage(submits, moments),
    statuses: await countStatuses(pool),
    memory: memoryOf(usage.samples, moments),
    perSecond: perSecondOf(submits, moments),
  }
}

function memoryOf(samples: readonly UsageSample[], moments: Moments): Record<string, Memory> {
  const sumOf = ({ memoryMiB }: UsageSample): number => Object.values(memoryMiB).reduce((sum, mib) => sum + mib, 0)
  const parts = Object.keys(samples[0]?.memoryMiB ?? {})
  return Object.fromEntries([
    [
      'all',
      judgeMemory(
        samples.map((sample) => [sample.atMs, sumOf(sample)] as const),
        moments,
      ),
    ],
    ...parts.map((part) => {
      const ofPart = samples.map(({ atMs, memoryMiB }) => [atMs, memoryMiB[part] ?? 0] as const)
      return [part, judgeMemory(ofPart, moments)] as const
    }),
  ])
}

function perSecondOf(submits: readonly Submit[], { beginMs, endMs }: Moments) {
  const seconds = Math.floor((endMs - beginMs) / 1_000)
  const of = (operator: Operator): [number, number][] => {
    const arrivals = submits.filter((submit) => submit.operator === operator).map(({ arrivedMs }) => arrivedMs)
    return arrivalsPerSecond(arrivals, beginMs, seconds, STEPS_MAX)
  }
  return Object.fromEntries(OPERATORS.map((operator) => [operator, of(operator)])) as Record<
    Operator,
    [number, number][]
  >
}
