import type { Command } from 'commander'
import { fillCustomers, issueKeys, someCustomers } from './fill/fill-customers.ts'
import type { LoadOptions, LoadResult } from './load/post-open-loop.ts'
import { runLoad } from './load/run-load.ts'
import { highestHeld, nextRate } from './measure/find-rate.ts'
import { gatewayParts } from './measure/gateway-parts.ts'
import { cpuMsPerMessage, type PartUsage, UsageWatch } from './measure/usage-watch.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { usageTable } from './report/usage-table.ts'
import { wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import { startBackbone, startRole } from './run/start-roles.ts'
import type { Workbench } from './run/workbench.ts'

const TRIES_MAX = 12
const PRECISION = 0.05
/** Answers may come so late after the last post was due, besides the latency allowed, and the rate still was held. */
const SLACK_MS = 500

interface AcceptFlags extends RunFlags {
  readonly rate: readonly number[]
  readonly find?: true
  readonly seconds: number
  readonly warmUp: number
  readonly batch: number
  readonly customers: number
  readonly connections: number
  readonly p99Ms: number
}

interface Point {
  readonly offeredPerSecond: number
  readonly acceptedPerSecond: number
  readonly held: boolean
  readonly load: Omit<LoadResult, 'accepted'>
  readonly cpuMsPerMessage: Readonly<Record<string, number>>
  readonly usage: Readonly<Record<string, PartUsage>>
}

export function acceptCommand(program: Command): void {
  const command = program
    .command('accept')
    .description('messages a second that one API process accepts durably; they are not relayed')
    .option('--rate <n,…>', 'messages offered a second; several make a sweep', wholeNumbers, [2_000])
    .option('--find', 'find the highest rate that is held, beginning with the first given')
    .option('--seconds <n>', 'at each rate', wholeNumber, 20)
    .option('--warm-up <n>', 'seconds before that at the first rate, not counted', wholeNumber, 10)
    .option('--batch <n>', 'messages of each post; 1: single posts', wholeNumber, 1)
    .option('--customers <n>', 'number of customers, which post round-robin', wholeNumber, 100)
    .option('--connections <n>', 'kept open', wholeNumber, 512)
    .option('--p99-ms <n>', 'a rate is held if its p99 is no longer than this', wholeNumber, 50)
    .addHelpText(
      'after',
      `\nfsync is on. A rate is held if every message is accepted, in time, and p99 is within its limit.

Examples:
  $ npm run bench -- accept --rate 2000,4000,6000,8000
  $ npm run bench -- accept --find --rate 4000
  $ npm run bench -- accept --find --rate 10000 --batch 100 --connections 64`,
    )
  withRunFlags(command).action((flags: AcceptFlags) =>
    runBenchmark(flags, (workbench) => benchAccept(workbench, flags)),
  )
}

async function benchAccept(workbench: Workbench, flags: AcceptFlags): Promise<Report> {
  const backbone = await startBackbone(workbench)
  await fillCustomers(backbone.pool, 0, flags.customers)
  const apiKeys = await issueKeys(backbone.pool, someCustomers(flags.customers, flags.customers))
  const api = (await startRole(workbench, backbone, 'api'))!
  const { connections, batch: messagesPerPost } = flags
  const load = { api, apiKeys, connections, idempotency: null, phones: 1_000_000, messagesPerPost }
  workbench.progress(`warming up for ${flags.warmUp} s`)
  await runLoad({ ...load, ratePerSecond: flags.rate[0]!, seconds: flags.warmUp })
  const points: Point[] = []
  const measure = async (ratePerSecond: number): Promise<boolean> => {
    const watch = new UsageWatch(() => gatewayParts(backbone))
    const point = await offer({ ...load, ratePerSecond, seconds: flags.seconds }, watch, flags.p99Ms)
    points.push(point)
    const { p50, p99 } = point.load.latencyMs
    workbench.progress(
      `${ratePerSecond}/s: ${point.held ? 'held' : 'not held'}, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    )
    return point.held
  }
  if (flags.find) await find(flags.rate[0]!, measure)
  else for (const rate of flags.rate) await measure(rate)
  return report(flags, points)
}

async function find(firstRate: number, measure: (rate: number) => Promise<boolean>): Promise<void> {
  const tried: { ratePerSecond: number; held: boolean }[] = []
  while (true) {
    const ratePerSecond = nextRate(tried, { firstRate, precision: PRECISION, triesMax: TRIES_MAX })
    if (ratePerSecond === null) return
    // Twice, so that something else on the machine does not decide.
    const held = (await measure(ratePerSecond)) || (await measure(ratePerSecond))
    tried.push({ ratePerSecond, held })
  }
}

async function offer(options: LoadOptions, watch: UsageWatch, p99MsMax: number): Promise<Point> {
  watch.start()
  const { accepted: _, ...load } = await runLoad(options)
  const usage = watch.stop()
  const inTime = load.elapsedMs <= options.seconds * 1_000 + p99MsMax + SLACK_MS
  return {
    offeredPerSecond: options.ratePerSecond,
    acceptedPerSecond: (load.acceptedCount * 1_000) / load.elapsedMs,
    held: load.acceptedCount === load.offered && inTime && load.latencyMs.p99 <= p99MsMax,
    load,
    cpuMsPerMessage: cpuMsPerMessage(usage, load.acceptedCount),
    usage,
  }
}

function report(flags: AcceptFlags, points: readonly Point[]): Report {
  const { json: _, results: __, ...options } = flags
  const inOrder = points.toSorted((a, b) => a.offeredPerSecond - b.offeredPerSecond)
  const line = (name: string, of: (point: Point) => number) => ({
    name,
    points: inOrder.map((point) => [point.offeredPerSecond, of(point)] as const),
  })
  return {
    name: flags.batch === 1 ? 'accept' : `accept-batches-of-${flags.batch}`,
    tables: [
      {
        headings: ['OFFERED/S', 'ACCEPTED/S', 'P50-MS', 'P95-MS', 'P99-MS', 'HELD', 'CPU-MS/MESSAGE', 'API-MIB'],
        rows: inOrder.map(({ offeredPerSecond, acceptedPerSecond, held, load, cpuMsPerMessage: cpu, usage }) => [
          ...[offeredPerSecond, round(acceptedPerSecond, 0)],
          ...[round(load.latencyMs.p50, 1), round(load.latencyMs.p95, 1), round(load.latencyMs.p99, 1)],
          ...[held ? 'yes' : 'no', round(cpu.all ?? 0, 3), usage.api?.peakMiB ?? 0],
        ]),
      },
      usageTable(inOrder),
    ],
    options,
    result: {
      highestHeldPerSecond: highestHeld(points.map((each) => ({ ...each, ratePerSecond: each.offeredPerSecond }))),
      points: inOrder,
    },
    charts:
      points.length > 1
        ? {
            '': {
              title: flags.batch === 1 ? 'Accepting single posts' : `Accepting batches of ${flags.batch}`,
              x: { label: 'messages offered a second' },
              y: { label: 'ms until accepted', scale: 'log' },
              series: [
                line('p50', ({ load }) => load.latencyMs.p50),
                line('p95', ({ load }) => load.latencyMs.p95),
                line('p99', ({ load }) => load.latencyMs.p99),
              ],
            },
          }
        : {},
  }
}
