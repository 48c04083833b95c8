import type { Command } from 'commander'
import { GROWTHS, type Growth, type GrowthName, type GrowthPoint } from './growth/measure-growth.ts'
import { measureStorage } from './growth/measure-storage.ts'
import type { StoredBytes } from './growth/stored-sizes.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { someOf, wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

const NAMES = Object.keys(GROWTHS) as GrowthName[]
/** A cost that differs by more than this between the smallest and the largest size must be explained. */
const GROWTH_MAX = 0.15

interface GrowthFlags extends RunFlags {
  readonly of: readonly GrowthName[]
  readonly sizes?: readonly number[]
  readonly rate: number
  readonly seconds: number
  readonly warmUp: number
  readonly bytes?: number
}

interface Grown {
  readonly of: GrowthName
  /** Cost at the largest size to cost at the smallest, less one. */
  readonly growth: number
  readonly within: boolean
  readonly points: readonly GrowthPoint[]
}

export function growthCommand(program: Command): void {
  const sizes = NAMES.map((name) => `  ${name.padEnd(12)}${GROWTHS[name].doc}: ${GROWTHS[name].sizes.join(', ')}`)
  const command = program
    .command('growth')
    .description('what a message costs, in CPU time of all processes, when everything else has grown')
    .option('--of <what,…>', 'what grows, from the list below', someOf(NAMES), NAMES)
    .option('--sizes <n,…>', 'other sizes, smallest first; with one --of', wholeNumbers)
    .option('--bytes <messages>', 'measure instead what so many messages take up, by table', wholeNumber)
    .option('--rate <n>', 'posts a second, the same at each size', wholeNumber, 300)
    .option('--seconds <n>', 'at each size', wholeNumber, 20)
    .option(
      '--warm-up <n>',
      'seconds before that, not counted; thrice as many when the gateway is new',
      wholeNumber,
      15,
    )
    .addHelpText(
      'after',
      `\nWhat grows, and its sizes:\n${sizes.join('\n')}

Examples:
  $ npm run bench -- growth
  $ npm run bench -- growth --of messages --sizes 10000,100000
  $ npm run bench -- growth --bytes 100000 --rate 1000`,
    )
  withRunFlags(command).action((flags: GrowthFlags) =>
    runBenchmark(flags, (workbench) =>
      flags.bytes === undefined ? benchGrowth(workbench, flags) : benchStorage(workbench, flags.bytes, flags.rate),
    ),
  )
}

async function benchGrowth(workbench: Workbench, flags: GrowthFlags): Promise<Report> {
  const grown: Grown[] = []
  for (const of of flags.of) {
    const growth: Growth = GROWTHS[of]
    const points = await growth.measure(workbench, flags.sizes ?? growth.sizes, flags)
    const change = points.at(-1)!.cpuMsPerMessage.all! / points[0]!.cpuMsPerMessage.all! - 1
    grown.push({ of, growth: change, within: Math.abs(change) <= GROWTH_MAX, points })
  }
  const { json: _, results: __, ...options } = flags
  return {
    name: 'growth',
    tables: [
      {
        headings: ['OF', 'SIZE', 'CPU-MS/MESSAGE', 'CHANGE-%', 'P99-MS', 'OPEN'],
        rows: grown.flatMap(({ of, points }) =>
          points.map((point) => [
            ...[of, point.size, round(point.cpuMsPerMessage.all!, 3)],
            round((point.cpuMsPerMessage.all! / points[0]!.cpuMsPerMessage.all! - 1) * 100, 1),
            ...[round(point.acceptMs.p99, 1), point.openAtEnd],
          ]),
        ),
      },
    ],
    options,
    result: { growthMax: GROWTH_MAX, grown },
    charts: Object.fromEntries(grown.map(({ of, points }) => [of, chart(of, points)])),
  }
}

/** Below this a table or index is not worth a line of its own. */
const SHOWN_BYTES_MIN = 0.5

async function benchStorage(workbench: Workbench, messages: number, rate: number): Promise<Report> {
  const result = await measureStorage(workbench, { messages, rate })
  const stores = Map.groupBy(result.stores, ({ store }) => store)
  const sum = (sizes: readonly StoredBytes[]): number =>
    sizes.reduce((bytes, { bytesPerMessage }) => bytes + bytesPerMessage, 0)
  const rows = [...stores].flatMap(([store, sizes]) => [
    [store, '', 'all', round(sum(sizes), 1)],
    ...sizes
      .filter(({ bytesPerMessage }) => bytesPerMessage >= SHOWN_BYTES_MIN)
      .map(({ name, kind, bytesPerMessage }) => ['', name, kind, round(bytesPerMessage, 1)]),
  ])
  const totals = Object.fromEntries([...stores].map(([store, sizes]) => [store, sum(sizes)]))
  return {
    name: 'growth-bytes',
    tables: [{ headings: ['STORE', 'OF', 'WHAT', 'BYTES/MESSAGE'], rows }],
    options: { bytes: messages, rate },
    result: { bytesPerMessage: totals, ...result },
  }
}

function chart(of: GrowthName, points: readonly GrowthPoint[]): LineChart {
  const parts = Object.keys(points[0]!.cpuMsPerMessage)
  return {
    title: `Cost of a message: ${GROWTHS[of].doc}`,
    x: { label: GROWTHS[of].doc, scale: 'log' },
    y: { label: 'CPU ms a message' },
    series: parts.map((part) => ({
      name: part,
      points: points.map(({ size, cpuMsPerMessage }) => [size, cpuMsPerMessage[part] ?? Number.NaN] as const),
    })),
  }
}
