import { type Command, InvalidArgumentError } from 'commander'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { gatewaySettings } from '../../process/settings.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { applyPlan } from '../../topics/apply-plan.ts'
import { describeChange } from '../../topics/describe-plan.ts'
import { makePlan } from '../../topics/make-plan.ts'
import type { Refusal } from '../../topics/plan-topics.ts'
import { readTopicsDeclaration } from '../../topics/topics-file.ts'
import { type PlannedChange, readPlanFile, type TopicsPlan } from '../../topics/topics-plan.ts'
import { BY_OPTION } from '../dlq/dlq-options.ts'
import { withCluster } from '../find-servers.ts'
import { recordKafkaAct } from '../record-kafka-act.ts'
import { confirmAtTerminal } from '../terminal/confirm.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'
import { growthEffects, planLines, refusalLines } from './show-plan.ts'

const THROTTLE_BYTES_PER_SECOND = 50_000_000
const DRAIN_SECONDS = 600

/** How a plan is carried out; shared by the commands that do. */
export interface ApplyFlags {
  readonly yes?: true
  readonly whenDrained?: true
  readonly drainSeconds: number
  readonly throttle: number
  readonly delete?: string[]
  readonly by?: string
  readonly json?: true
}

interface FileFlags extends ApplyFlags {
  readonly file: string
  readonly plan?: string
  readonly prune?: true
}

/** `smsgw topics apply` */
export function topicsApplyCommand(topics: Command, done: (exitCode: number) => void): void {
  const command = topics
    .command('apply')
    .description('apply the declared topics, from a stored plan or interactively')
    .option('-f, --file <path>', 'the declaration', inputFile, gatewaySettings.TOPICS_FILE.fallback)
    .option('-p, --plan <path>', 'apply this plan, if it still holds, without asking', inputFile)
    .option('--prune', 'as for `plan`')
    .option('--delete <topic...>', 'a topic that the plan may delete; each must be named')
  addApplyOptions(command)
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw topics apply
  $ smsgw topics apply --plan topics.plan --when-drained
  $ smsgw topics apply --prune --delete sms.old --yes`,
    )
    .action((flags: FileFlags) =>
      withCluster(async (cluster) => {
        if (flags.plan) {
          await carryOut(cluster, readPlanFile(flags.plan), [], { ...flags, yes: true })
          return
        }
        const { topics: declared, owns } = readTopicsDeclaration(flags.file)
        const { plan, refusals } = await makePlan(cluster, declared, { prune: flags.prune === true, owns })
        await carryOut(cluster, plan, refusals, flags)
        if (refusals.length > 0) done(EXIT.failed)
      }),
    )
}

/** Adds what every command that carries out a plan takes. */
export function addApplyOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do not ask')
    .option('--when-drained', 'add partitions once every group has consumed the topic to its end')
    .option('--drain-seconds <n>', 'maximum wait for the drain', aboveZero, DRAIN_SECONDS)
    .option(
      '--throttle <bytes>',
      'replication limit in bytes a second for each broker',
      aboveZero,
      THROTTLE_BYTES_PER_SECOND,
    )
    .option(...BY_OPTION)
    .option('--json', 'what was done, as JSON')
}

/** Shows a plan unless it is agreed to, asks, and applies it. Prints what was done. */
export async function carryOut(
  cluster: Cluster,
  plan: TopicsPlan,
  refusals: readonly Refusal[],
  flags: ApplyFlags,
): Promise<void> {
  const { json, yes, whenDrained, drainSeconds, throttle } = flags
  if (plan.changes.length > 0 && !yes) {
    for (const line of planLines(plan, refusals, await growthEffects(cluster, plan))) console.error(line)
    if (!(await confirmAtTerminal('Apply this?'))) throw new ExpectedError('Nothing was changed.')
  }
  if (plan.changes.length > 0) {
    const details = { changes: plan.changes.map(describeChange) }
    await recordKafkaAct(cluster, flags, { act: 'topics.changed', subject: plan.clusterId, details })
  }
  const applied: PlannedChange[] = []
  try {
    await applyPlan(cluster, plan, {
      throttleBytesPerSecond: throttle,
      mayDelete: flags.delete ?? [],
      drainMsMax: whenDrained ? drainSeconds * 1_000 : null,
      progress: (what) => console.error(what),
      applied: (change) => {
        applied.push(change)
        if (!json) console.log(describeChange(change))
      },
    })
  } finally {
    if (json) printJson({ clusterId: plan.clusterId, applied, refusals })
  }
  if (json) return
  console.log(applied.length === 0 ? 'Nothing to do: the topics are as planned.' : `Done: ${applied.length} changes.`)
  for (const line of refusals.flatMap(refusalLines)) console.error(line)
}

function aboveZero(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new InvalidArgumentError('must be a whole number above 0')
}
