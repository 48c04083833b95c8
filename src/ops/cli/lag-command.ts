import type { Command } from 'commander'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { type GroupReport, groupReports } from '../lag/group-report.ts'
import { LagHistory, type LagReport } from '../lag/lag-history.ts'
import { lagLevel } from '../lag/lag-rules.ts'
import { sampleLag } from '../lag/read-lag.ts'
import { readProducedMs } from '../lag/recall-ages.ts'
import { withCluster } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

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

interface LagOptions {
  readonly json?: true
  readonly watch?: true
  readonly exact?: true
}

/** `smsgw lag [GROUP]` */
export function lagCommand(program: Command): void {
  program
    .command('lag')
    .description('how far consumer groups are behind the ends of their partitions, in records and in seconds')
    .argument('[group]', 'one group; all if not given')
    .option('--json', 'as JSON; with --watch a line for each look')
    .option('--watch', 'again every two seconds; the longer it watches, the more it can tell')
    .option('--exact', 'read the record at each committed offset for its time')
    .addHelpText(
      'after',
      `\nTwo looks a second apart show offsets and the way they go. Whether a group has stopped or stalled, and how old
what it has not read is, takes longer to tell: that is not guessed but left out (-). --exact reads the age, --watch
tells the rest in time, and a running monitor has it all: see smsgw_consumergroup_status in its metrics.

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
          await show(cluster, connections, history, options)
        } while (options.watch && (await sleep(WATCH_MS).then(() => true)))
      }),
    )
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
): Promise<void> {
  const groups = groupReports(history)
  const reports = groups.flatMap(({ partitions }) => partitions)
  const rows = await Promise.all(
    reports.map(async (report) => {
      const isRead = exact && report.lag > 0
      const producedMs = isRead ? await readProducedMs(cluster, connections, report).catch(() => null) : null
      return toRow(report, producedMs, groups.find(({ groupId }) => groupId === report.group)!)
    }),
  )
  if (json) {
    if (watch) console.log(JSON.stringify(rows))
    else printJson(rows)
    return
  }
  if (watch) console.log(`\n${new Date().toISOString()}`)
  printTable(HEADINGS, rows.map(cells))
  explain(groups, rows)
}

/** A row as it is shown: null for whatever what was seen does not tell. */
function toRow(report: LagReport, producedMs: number | null, { members, state }: GroupReport) {
  const { group, topic, partition, currentOffset, logStartOffset, logEndOffset, lag, lostRecords } = report
  const known = report.isGuess ? null : report.seconds
  const seconds = producedMs === null ? known : Math.max(0, Date.now() - producedMs) / 1_000
  const status = report.isCertain ? report.status : null
  const offsets = { group, topic, partition, currentOffset, logEndOffset, lag }
  const level = lagLevel(lag, seconds)
  return { ...offsets, seconds, status, trend: report.trend, level, logStartOffset, lostRecords, members, state }
}

type Row = ReturnType<typeof toRow>

function cells(row: Row): (string | number)[] {
  const { group, topic, partition, currentOffset, logEndOffset, lag, seconds, status, trend, level } = row
  const shownSeconds = seconds === null ? '-' : Number(seconds.toFixed(1))
  const shownTrend = trend === null ? '-' : `${trend.direction} ${trend.perSecond.toFixed(0)}/s`
  const shown = trend?.direction === 'steady' ? 'steady' : shownTrend
  return [group, topic, partition, currentOffset, logEndOffset, lag, shownSeconds, status ?? '-', shown, level]
}

/** What the table cannot hold, on standard error. */
function explain(groups: readonly GroupReport[], rows: readonly Row[]): void {
  const named = (which: readonly GroupReport[]): string => which.map(({ groupId }) => groupId).join(', ')
  const empty = groups.filter(({ members }) => members === 0)
  const silent = groups.filter(({ furthest }) => furthest === null)
  if (empty.length > 0) console.error(`Without members: ${named(empty)}`)
  if (silent.length > 0) console.error(`Nothing committed yet: ${named(silent)}`)
  for (const { groupId, lostRecords } of groups) {
    if (lostRecords > 0) console.error(`Retention removed ${lostRecords} records before ${groupId} read them.`)
  }
  if (rows.some(({ seconds, status }) => seconds === null || status === null)) {
    console.error(
      '- is what so short a look cannot tell: --exact reads the ages, --watch or a monitor tell the statuses.',
    )
  }
}
