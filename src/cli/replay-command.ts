import { type Command, Option } from 'commander'
import { clickhouseSettings } from '../clickhouse/config.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { readSettings } from '../runtime/settings.ts'
import { parseDuration, parseTime } from '../tools/groups/reset-target.ts'
import type { TimeRange } from '../tools/replay/read-time-range.ts'
import { replayRecords } from '../tools/replay/replay-records.ts'
import {
  intoClickHouse,
  intoDelivery,
  intoStatus,
  intoWebhooks,
  type ReplayTarget,
} from '../tools/replay/replay-targets.ts'
import { intoFile } from '../tools/replay/write-records.ts'
import { webhookSettings } from '../webhooks/config.ts'
import { BY_OPTION } from './dlq/dlq-options.ts'
import { findClickHouse, withCluster, withWritableDatabase } from './find-servers.ts'
import { recordKafkaAct } from './record-kafka-act.ts'
import { printJson } from './terminal/print-table.ts'
import { ProgressBar } from './terminal/progress-bar.ts'
import { expressPartitions } from './topics/express-partitions.ts'

const TARGETS = ['clickhouse', 'status', 'webhooks', 'delivery'] as const

interface ReplayOptions {
  readonly from?: string
  readonly last?: string
  readonly to?: string
  readonly customer?: string
  readonly smsId?: string
  readonly into?: (typeof TARGETS)[number]
  readonly file?: string
  readonly sendUnsent?: true
  readonly by?: string
  readonly json?: true
}

/** `smsgw replay` */
export function replayCommand(program: Command): void {
  program
    .command('replay')
    .description('replay a topic range to one consumer or a file; sends no SMS without --send-unsent')
    .argument('<topic>', 'as in sms.status')
    .option('--from <time>', 'records since this time, as in 2026-11-24T10:00:00Z')
    .option('--last <duration>', 'instead of --from: records of the last 15m, 6h, 2d')
    .option('--to <time>', 'records until this time (default: now)')
    .option('--customer <id>', 'only records of this customer')
    .option('--sms-id <id>', 'only records of this message')
    .addOption(new Option('--into <consumer>', 'the consumer that receives the records').choices(TARGETS))
    .option('--file <path>', 'instead of --into: a new file, or - for standard output; a JSON object a line')
    .option('--send-unsent', 'with --into delivery: also send messages without a known attempt')
    .option(...BY_OPTION)
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ smsgw replay sms.status --last 1h --into clickhouse\n' +
        '  $ smsgw replay sms.status --from 2026-11-24T10:00:00Z --customer demo --into webhooks\n' +
        '  $ smsgw replay sms.accepted --last 2d --sms-id 123 --file -',
    )
    .action(replay)
}

async function replay(topic: string, options: ReplayOptions): Promise<void> {
  const nowMs = Date.now()
  const range = { topic, fromMs: fromOf(options, nowMs), toMs: options.to ? parseTime(options.to, nowMs) : nowMs }
  if (range.fromMs >= range.toMs) throw new ExpectedError('--to must be later than the beginning.')
  const choice = { customerId: options.customer, smsId: smsIdOf(options.smsId) }
  await withCluster((cluster) =>
    withTarget(cluster, options, async (target) => {
      if (options.into !== undefined) await recordReplay(cluster, options, range)
      let bar: ProgressBar | null = null
      const progress = (read: number, of: number): void => {
        bar ??= new ProgressBar('read', of)
        bar.update(read)
      }
      const result = await replayRecords(cluster, cluster.connections(), range, choice, target, progress)
      if (options.json) return printJson(result)
      const { read, chosen, taken } = result
      console.error(`${read} records of that time, ${chosen} chosen, ${taken} taken.`)
    }),
  )
}

function recordReplay(cluster: Cluster, options: ReplayOptions, range: TimeRange): Promise<void> {
  const { into, customer, smsId } = options
  const [from, to] = [range.fromMs, range.toMs].map((ms) => new Date(ms).toISOString())
  const details = { into, from, to, customer, sms_id: smsId }
  return recordKafkaAct(cluster, options, { act: 'records.replayed', subject: range.topic, details })
}

async function withTarget(
  cluster: Cluster,
  options: ReplayOptions,
  work: (target: ReplayTarget) => Promise<void>,
): Promise<void> {
  const use = async (target: ReplayTarget): Promise<void> => {
    try {
      await work(target)
    } finally {
      await target.close()
    }
  }
  if ((options.into === undefined) === (options.file === undefined)) {
    throw new ExpectedError(`Name the consumer that receives the records: --into ${TARGETS.join('|')}, or --file PATH.`)
  }
  switch (options.into) {
    case undefined:
      return use(intoFile(options.file!))
    case 'clickhouse':
      return use(intoClickHouse({ ...readSettings(clickhouseSettings, process.env), CLICKHOUSE_URL: findClickHouse() }))
    case 'status':
      return withWritableDatabase((pool) => use(intoStatus(pool)))
    case 'webhooks':
      return withWritableDatabase((pool) => use(intoWebhooks(pool, readSettings(webhookSettings, process.env))))
    case 'delivery':
      if (!options.sendUnsent) {
        throw new ExpectedError(
          'Workers send what they find no attempt of. If that is what you want, add --send-unsent; ' +
            'messages that were handed to an operator are not handed over again.',
        )
      }
      return use(await intoDelivery(cluster, expressPartitions()))
  }
}

function fromOf({ from, last }: ReplayOptions, nowMs: number): number {
  if ((from === undefined) === (last === undefined)) {
    throw new ExpectedError('Say from when: --from TIME, or --last DURATION.')
  }
  return from === undefined ? nowMs - parseDuration(last!) : parseTime(from, nowMs)
}

function smsIdOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const smsId = Number(text)
  if (Number.isSafeInteger(smsId) && smsId > 0) return smsId
  throw new ExpectedError(`"${text}" is not the id of a message.`)
}
