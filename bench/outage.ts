import type { Command } from 'commander'
import type { LatencyMs } from '../test/gateway/load/latency.ts'
import { OPERATORS } from '../test/gateway/outage/judge-outage.ts'
import { measureOutage, type OutageResult } from './outage/measure-outage.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report, Table } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

interface OutageFlags extends RunFlags {
  readonly rate: number
  readonly seconds: number
  readonly before: number
}

export function outageCommand(program: Command): void {
  const command = program
    .command('outage')
    .description("one of three operators dead: the others' times, what went by another, what waited, and memory")
    .option('--rate <n>', 'posts a second, a third for each operator', wholeNumber, 600)
    .option('--seconds <n>', 'for which it is dead', wholeNumber, 600)
    .option('--before <n>', 'seconds measured before that, and again afterwards', wholeNumber, 60)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- outage\n  $ npm run bench -- outage --rate 300 --seconds 20 --before 15',
    )
  withRunFlags(command).action((flags: OutageFlags) =>
    runBenchmark(flags, (workbench) => benchOutage(workbench, flags)),
  )
}

async function benchOutage(workbench: Workbench, flags: OutageFlags): Promise<Report> {
  const { rate: ratePerSecond, seconds: outageSeconds, before: beforeSeconds } = flags
  const options = { ratePerSecond, outageSeconds, beforeSeconds }
  const result = await measureOutage(workbench, options)
  return {
    name: 'outage',
    tables: [othersTable(result), deadTable(result), countTable(result), memoryTable(result)],
    options,
    result,
    charts: { '': arrivalsChart(result) },
  }
}

function othersTable({ others, ratioDuring, ratioAfter }: OutageResult): Table {
  const row = (when: string, { p50, p99, max }: LatencyMs, ratio: number): (string | number)[] => {
    return [when, round(p50, 0), round(p99, 0), round(max, 0), round(ratio, 2)]
  }
  return {
    headings: ['THE OTHERS', 'P50-MS', 'P99-MS', 'MAX-MS', 'RATIO'],
    rows: [
      row('before', others.before, 1),
      row('during', others.during, ratioDuring),
      row('after', others.after, ratioAfter),
    ],
  }
}

function deadTable({ failover, waiting }: OutageResult): Table {
  const secondsOf = (ms: number | null): string | number => (ms === null ? 'never' : round(ms / 1_000, 1))
  return {
    headings: ['BY-ANOTHER', 'FIRST-S', 'P50-MS', 'P99-MS', 'WAITED', 'DRAIN-S'],
    rows: [
      [
        ...[failover.messages, secondsOf(failover.firstAfterMs), round(failover.p50, 0), round(failover.p99, 0)],
        ...[waiting.messages, secondsOf(waiting.drainMs)],
      ],
    ],
  }
}

function countTable({ accepted, statuses, takenTwice, astray, overtaken, finalMs }: OutageResult): Table {
  const { delivered = 0, unknown = 0 } = statuses
  return {
    headings: ['ACCEPTED', 'DELIVERED', 'UNKNOWN', 'TWICE', 'ASTRAY', 'OVERTAKEN', 'FINAL-S'],
    rows: [
      [
        ...[accepted, delivered, unknown, takenTwice, astray, overtaken],
        finalMs === null ? 'never' : round(finalMs / 1_000, 1),
      ],
    ],
  }
}

function memoryTable({ memory }: OutageResult): Table {
  return {
    headings: ['PROCESS', 'MIB-BEFORE', 'MIB-DURING', 'MIB-AFTER', 'MIB-END', 'CHANGE-%'],
    rows: Object.entries(memory).map(([part, { beforeMiB, duringMiB, afterMiB, endMiB }]) => {
      return [part, beforeMiB, duringMiB, afterMiB, endMiB, round((100 * (duringMiB - beforeMiB)) / beforeMiB, 1)]
    }),
  }
}

function arrivalsChart({ perSecond }: OutageResult): LineChart {
  return {
    title: 'One of three operators dies and comes back',
    x: { label: 'seconds' },
    y: { label: 'submits/s at each operator' },
    series: OPERATORS.map((name) => ({ name, points: perSecond[name] })),
  }
}
