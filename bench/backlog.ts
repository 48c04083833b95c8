import { type Command, Option } from 'commander'
import { fillCustomers, issueKeys, someCustomers } from '../test/gateway/fill/fill-customers.ts'
import { drainOutbox } from './backlog/drain-outbox.ts'
import { drainTasks } from './backlog/drain-tasks.ts'
import type { Drained } from './backlog/drained.ts'
import { fillWaiting } from './fill/fill-messages.ts'
import { ratesOf } from './measure/progress-watch.ts'
import type { UsageSample } from './measure/usage-watch.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import { startBackbone } from './run/start-roles.ts'
import type { Workbench } from './run/workbench.ts'

const CUSTOMERS = 100
const AGE_MS = 600_000

interface BacklogFlags extends RunFlags {
  readonly size: number
  readonly rate: number
  readonly part: 'outbox' | 'both'
}

export function backlogCommand(program: Command): void {
  const command = program
    .command('backlog')
    .description('how fast what has piled up is worked off: rows in the outbox, then tasks in sms.delivery')
    .option('--size <n>', 'messages that wait', wholeNumber, 1_000_000)
    .option('--rate <n>', 'messages accepted a second while the outbox drains', wholeNumber, 1_000)
    .addOption(new Option('--part <part>', 'the outbox alone, or both').choices(['outbox', 'both']).default('both'))
    .addHelpText(
      'after',
      `\nThe rows are written by SQL. What the relay publishes of them are the tasks that wait for the worker, which is
started when the outbox is empty.

Examples:
  $ npm run bench -- backlog
  $ npm run bench -- backlog --size 100000 --part outbox`,
    )
  withRunFlags(command).action((flags: BacklogFlags) =>
    runBenchmark(flags, (workbench) => benchBacklog(workbench, flags)),
  )
}

async function benchBacklog(workbench: Workbench, flags: BacklogFlags): Promise<Report> {
  const backbone = await startBackbone(workbench)
  const { pool } = backbone
  await fillCustomers(pool, 0, CUSTOMERS)
  const apiKeys = await issueKeys(pool, someCustomers(CUSTOMERS, CUSTOMERS))
  let reportedAt = 0
  const progress = (written: number): void => {
    if (written < flags.size && written - reportedAt < flags.size / 10) return
    reportedAt = written
    workbench.progress(`${written} of ${flags.size} rows are in the outbox`)
  }
  await fillWaiting(pool, { acceptedAtMs: Date.now() - AGE_MS, count: flags.size, customers: CUSTOMERS, progress })
  const outbox = await drainOutbox(workbench, backbone, { size: flags.size, ratePerSecond: flags.rate, apiKeys })
  const parts: Drained[] = [outbox]
  if (flags.part === 'both') parts.push(await drainTasks(workbench, backbone, outbox.drained))
  return report(flags, parts)
}

function report(flags: BacklogFlags, parts: readonly Drained[]): Report {
  const { json: _, results: __, ...options } = flags
  return {
    name: 'backlog',
    tables: [
      {
        headings: [
          'BACKLOG',
          'WAITED',
          'DRAINED',
          'SECONDS',
          'PER-SECOND',
          'FINISHED',
          'PROCESS',
          'MIB-FIRST',
          'MIB-PEAK',
          'MIB-LAST',
        ],
        rows: parts.flatMap((part) =>
          part.memoryOf.map((name, index) => [
            ...(index === 0
              ? [
                  part.name,
                  part.waited,
                  part.drained,
                  round(part.seconds, 1),
                  round(part.perSecond, 0),
                  part.finished ? 'yes' : 'no',
                ]
              : ['', '', '', '', '', '']),
            ...[name, ...memory(part.memory, name)],
          ]),
        ),
      },
    ],
    options,
    result: { parts },
    charts: Object.fromEntries(
      parts.flatMap((part) => [
        [part.name, rateChart(part)],
        [`${part.name}-memory`, memoryChart(part)],
      ]),
    ),
  }
}

/** After a tenth of the time, at its most, and at the end. */
function memory(samples: readonly UsageSample[], process: string): [number, number, number] {
  const values = samples.map(({ memoryMiB }) => memoryMiB[process] ?? 0)
  return [values[Math.floor(values.length / 10)] ?? 0, Math.max(0, ...values), values.at(-1) ?? 0]
}

function rateChart({ title, samples, startMs }: Drained): LineChart {
  return {
    title,
    x: { label: 'seconds since the start' },
    y: { label: 'messages/s' },
    series: [{ name: 'drained', points: ratesOf(samples, startMs) }],
  }
}

function memoryChart({ title, memory: samples, memoryOf, startMs }: Drained): LineChart {
  return {
    title: `${title}: memory`,
    x: { label: 'seconds since the start' },
    y: { label: 'MiB' },
    series: memoryOf.map((name) => ({
      name,
      points: samples.map(({ atMs, memoryMiB }) => [(atMs - startMs) / 1_000, memoryMiB[name] ?? Number.NaN] as const),
    })),
  }
}
