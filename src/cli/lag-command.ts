import type { Command } from 'commander'
import type { BrokerConnections, Cluster } from '../kafka/cluster/cluster.ts'
import { groupReports } from '../monitor/lag/group-report.ts'
import { LagHistory, type LagReport } from '../monitor/lag/lag-history.ts'
import {
  LAG_CRITICAL,
  LAG_WARNING,
  type LagLevel,
  lagLevel,
  SECONDS_CRITICAL,
  SECONDS_WARNING,
} from '../monitor/lag/lag-rules.ts'
import { type GroupSummary, type LagSummary, type PartitionSummary, summarizeLag } from '../monitor/lag/lag-summary.ts'
import { sampleLag } from '../monitor/lag/read-lag.ts'
import { readProducedMs } from '../monitor/lag/recall-ages.ts'
import { sleep } from '../runtime/backoff.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { withCluster } from './find-servers.ts'
import { printJson, printTable } from './terminal/print-table.ts'

const HEADINGS = [
  'GROUP',
  'TOPIC',
  'PARTITION',
  'CURRENT-OFFSET',
  'LOG-END-OFFSET',
  'LAG',
  'SECONDS',
  'STATUS',
  'TREND',
  'LEVEL',
]
/** Two looks show which way a lag goes. */
const BETWEEN_LOOKS_MS = 1_000
const WATCH_MS = 2_000
const WINDOW_MS = 300_000
/** As of `smsgw doctor`. */
const EXIT_CODES: Readonly<Record<LagLevel, number>> = { normal: 0, warning: 2, critical: 1 }

interface LagOptions {
  readonly json?: true
  readonly watch?: true
  readonly exact?: true
}

/** `smsgw lag [GROUP]` */
export function lagCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('lag')
    .description('show consumer lag in records and seconds, by partition, by group and in total')
    .argument('[group]', 'one group; all if not given')
    .option('--json', 'as JSON: groups with their partitions, and the total; with --watch a line for each look')
    .option('--watch', 'refresh every 2 s; trends improve over time')
    .option('--exact', 'read the record at each committed offset for its time')
    .addHelpText(
      'after',
      `\nA group is judged as a whole: by the sum of its partitions' records (warning from ${figure(LAG_WARNING)}, critical above
${figure(LAG_CRITICAL)}) and by the seconds of its worst partition (warning from ${SECONDS_WARNING}, critical from ${SECONDS_CRITICAL}). The line "total" of
each group has that level; the lines above it show which partitions it comes from. Groups are judged one by one, and the
last line is as bad as the worst of them.

Exit code: 0 normal, 2 warning, 1 critical or failed. A group that has stopped, stalled or lost records is critical,
one that fell behind or went back a warning, however small its lag. With --watch it ends by a signal.

Two looks a second apart show offsets and the way they go. Whether a group has stopped or stalled, and how old its
oldest unread record is, takes longer to see, and is left out (-) until then. --exact reads the age, --watch
shows the rest in time, and a running monitor has it all: smsgw_consumergroup_status in its metrics.

Examples:
  $ smsgw lag
  $ smsgw lag delivery-worker-group --exact
  $ smsgw lag delivery-worker-group --watch`,
    )
    .action((group: string | undefined, options: LagOptions) =>
      withCluster(async (cluster) => {
        const connections = cluster.connections()
        const history = new LagHistory(WINDOW_MS)
        const look = async (): Promise<void> => history.add(await sampleLag(cluster, connections, { only: group }))
        await look()
        demandGroup(history, group)
        await sleep(BETWEEN_LOOKS_MS)
        do {
          await look()
          const { total } = await show(cluster, connections, history, options)
          done(EXIT_CODES[total.level])
        } while (options.watch && (await sleep(WATCH_MS).then(() => true)))
      }),
    )
}

function figure(value: number): string {
  return value.toLocaleString('en')
}

function demandGroup(history: LagHistory, group: string | undefined): void {
  if (group === undefined || history.groups.length > 0) return
  throw new ExpectedError(`There is no group "${group}". \`smsgw lag\` shows those there are.`)
}

async function show(
  cluster: Cluster,
  connections: BrokerConnections,
  history: LagHistory,
  { json, watch, exact }: LagOptions,
): Promise<LagSummary> {
  const reports = groupReports(history)
  const partitions = reports.flatMap((report) => report.partitions)
  const summary = summarizeLag(reports, exact ? await readSeconds(cluster, connections, partitions) : new Map())
  if (json && watch) console.log(JSON.stringify(summary))
  else if (json) printJson(summary)
  if (json) return summary
  if (watch) console.log(`\n${new Date().toISOString()}`)
  printTable(HEADINGS, [...summary.groups.flatMap(groupRows), totalRow(summary)])
  explain(summary.groups)
  return summary
}

/** Ages of the next unread records in seconds, where they can be read. */
async function readSeconds(
  cluster: Cluster,
  connections: BrokerConnections,
  partitions: readonly LagReport[],
): Promise<Map<LagReport, number>> {
  const seconds = new Map<LagReport, number>()
  const read = async (report: LagReport): Promise<void> => {
    const producedMs = await readProducedMs(cluster, connections, report).catch(() => null)
    if (producedMs !== null) seconds.set(report, Math.max(0, Date.now() - producedMs) / 1_000)
  }
  await Promise.all(partitions.filter(({ lag }) => lag > 0).map(read))
  return seconds
}

type Row = (string | number)[]

function groupRows(summary: GroupSummary): Row[] {
  const { group, worst, lag, seconds, status, trend, level } = summary
  const partitionRow = (each: PartitionSummary): Row => [
    ...[group, each.topic, each.partition, each.currentOffset, each.logEndOffset],
    ...measures(each.lag, each.seconds, each.status, each.trend, lagLevel(each.lag, each.seconds)),
  ]
  if (worst === null) return []
  const of = `total, worst ${worst.topic}[${worst.partition}]`
  return [
    ...summary.partitions.map(partitionRow),
    [group, of, '', '', '', ...measures(lag, seconds, status, trend, level)],
  ]
}

function totalRow({ total: { groups, lag, seconds, level } }: LagSummary): Row {
  return [
    groups === 1 ? '1 group' : `${groups} groups`,
    'total',
    '',
    '',
    '',
    ...measures(lag, seconds, null, null, level),
  ]
}

function measures(
  lag: number,
  seconds: number | null,
  status: PartitionSummary['status'],
  trend: GroupSummary['trend'],
  level: LagLevel,
): Row {
  const shownTrend = trend === null ? '-' : `${trend.direction} ${trend.perSecond.toFixed(0)}/s`
  const shownSeconds = seconds === null ? '-' : Number(seconds.toFixed(1))
  return [lag, shownSeconds, status ?? '-', trend?.direction === 'steady' ? 'steady' : shownTrend, level]
}

/** What the table cannot hold, on standard error. */
function explain(groups: readonly GroupSummary[]): void {
  const named = (which: readonly GroupSummary[]): string => which.map(({ group }) => group).join(', ')
  const empty = groups.filter(({ members }) => members === 0)
  const silent = groups.filter(({ worst }) => worst === null)
  if (empty.length > 0) console.error(`Without members: ${named(empty)}`)
  if (silent.length > 0) console.error(`Nothing committed yet: ${named(silent)}`)
  for (const { group, lostRecords } of groups) {
    if (lostRecords > 0) console.error(`Retention removed ${lostRecords} records before ${group} read them.`)
  }
  const partitions = groups.flatMap((each) => each.partitions)
  if (partitions.some(({ seconds, status }) => seconds === null || status === null)) {
    console.error(
      '- is not known after so short a look: --exact reads the ages, --watch or a monitor show the statuses.',
    )
  }
}
