import { type Command, Option } from 'commander'
import { measurePipeline, type PipelineResult } from './pipeline/measure-pipeline.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { usageTable } from './report/usage-table.ts'
import { share, wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

interface PipelineFlags extends RunFlags {
  readonly rate: readonly number[]
  readonly seconds: number
  readonly warmUp: number
  readonly webhooks: number
  readonly brokers: '1' | '3'
  readonly grow: number
}

export function pipelineCommand(program: Command): void {
  const command = program
    .command('pipeline')
    .description('single posts through the whole gateway, to the final status of each')
    .option('--rate <n,…>', 'posts a second; several make a sweep', wholeNumbers, [1_500])
    .option('--seconds <n>', 'at each rate', wholeNumber, 60)
    .option('--warm-up <n>', 'seconds before that at the same rate, not counted', wholeNumber, 15)
    .option('--webhooks <share>', 'of the messages whose customer hears by webhook, in tenths', share, 0.1)
    .option('--grow <n>', 'how often partitions are added to the topics that ClickHouse reads', wholeNumber, 0)
    .addOption(new Option('--brokers <n>').choices(['1', '3']).default('1'))
    .addHelpText(
      'after',
      `\nTimes to ClickHouse are two: from the answer to the query that first found the message, asked every 100 ms, and from
accepting to what ClickHouse notes as the time it took the message in.

Examples:
  $ npm run bench -- pipeline --rate 3000
  $ npm run bench -- pipeline --rate 2000 --webhooks 1
  $ npm run bench -- pipeline --rate 40 --grow 2
  $ npm run bench -- pipeline --rate 500,1000,2000,3000,4000,5000 --seconds 30`,
    )
  withRunFlags(command).action((flags: PipelineFlags) =>
    runBenchmark(flags, (workbench) => benchPipeline(workbench, flags)),
  )
}

/** Each rate has a gateway of its own, so that none inherits what another left behind. */
async function benchPipeline(workbench: Workbench, flags: PipelineFlags): Promise<Report> {
  const points: PipelineResult[] = []
  for (const ratePerSecond of flags.rate) {
    const { seconds, warmUp: warmUpSeconds, webhooks: webhookShare, grow: growths } = flags
    const brokers = flags.brokers === '3' ? 3 : 1
    const options = { ratePerSecond, seconds, warmUpSeconds, webhookShare, growths, brokers } as const
    const point = await measurePipeline(workbench, options)
    points.push(point)
    workbench.progress(
      `${ratePerSecond}/s: ${point.held ? 'held' : 'not held'}, ${point.openAtEnd} without final status at the end`,
    )
  }
  const { json: _, results: __, ...options } = flags
  return {
    name: points.length > 1 ? 'pipeline-sweep' : `pipeline-${flags.rate[0]}`,
    tables: [
      {
        headings: [
          'OFFERED/S',
          'ACCEPTED/S',
          'P50-MS',
          'P99-MS',
          'CH-SEEN-P50',
          'CH-SEEN-P99',
          'CH-OWN-P99',
          'OPEN',
          'DRAIN-S',
          'CPU-MS',
          'MIB',
          'HELD',
        ],
        rows: points.map(row),
      },
      usageTable(points),
    ],
    options,
    result: { points },
    charts: points.length > 1 ? charts(points) : {},
  }
}

function row(point: PipelineResult): (string | number)[] {
  const memory = Object.values(point.usage).reduce((sum, { peakMiB }) => sum + peakMiB, 0)
  return [
    ...[point.offeredPerSecond, round(point.acceptedPerSecond, 0)],
    ...[round(point.acceptMs.p50, 1), round(point.acceptMs.p99, 1)],
    ...[point.clickhouseSeenMs.p50, point.clickhouseSeenMs.p99, round(point.clickhouseOwnMs.p99, 0)],
    ...[point.openAtEnd, point.drainMs === null ? 'never' : round(point.drainMs / 1_000, 1)],
    ...[round(point.cpuMsPerMessage.all ?? Number.NaN, 3), memory, point.held ? 'yes' : 'no'],
  ]
}

function charts(points: readonly PipelineResult[]): Record<string, LineChart> {
  const line = (name: string, of: (point: PipelineResult) => number) => ({
    name,
    points: points.map((point) => [point.offeredPerSecond, of(point)] as const),
  })
  const x = { label: 'posts offered a second' }
  const parts = Object.keys(points[0]!.usage)
  return {
    '': {
      title: 'Pipeline: times',
      x,
      y: { label: 'ms', scale: 'log' },
      series: [
        line('accept p50', ({ acceptMs }) => acceptMs.p50),
        line('accept p99', ({ acceptMs }) => acceptMs.p99),
        line('ClickHouse, seen p99', ({ clickhouseSeenMs }) => clickhouseSeenMs.p99),
        line('ClickHouse, own p99', ({ clickhouseOwnMs }) => clickhouseOwnMs.p99),
      ],
    },
    cpu: {
      title: 'Pipeline: CPU',
      x,
      y: { label: 'ms a message' },
      series: ['all', ...parts].map((part) => line(part, ({ cpuMsPerMessage }) => cpuMsPerMessage[part] ?? Number.NaN)),
    },
  }
}
