import type { Command } from 'commander'
import { GROUPS } from '../events/topics.ts'
import { listGroups } from '../kafka/admin/read-groups.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { ResetRow } from '../tools/groups/plan-reset.ts'
import { applyReset, previewReset } from '../tools/groups/reset-offsets.ts'
import { resetTarget, type TargetOptions } from '../tools/groups/reset-target.ts'
import { BY_OPTION } from './dlq/dlq-options.ts'
import { withCluster } from './find-servers.ts'
import { recordKafkaAct } from './record-kafka-act.ts'
import { printJson, printTable } from './terminal/print-table.ts'

/**
 * Moving this group on leaves messages unsent until the reconciler finds them; moving it back has them handled again.
 */
const DELIVERY_GROUP = GROUPS.delivery

interface ResetOptions extends TargetOptions {
  readonly topic?: string[]
  readonly execute?: true
  readonly confirm?: string
  readonly by?: string
  readonly json?: true
}

/** `smsgw groups list|reset` */
export function groupsCommand(program: Command): void {
  const groups = program.command('groups').description('manage consumer groups')
  groups
    .command('list')
    .description('list all groups and their states')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw groups list')
    .action(({ json }: { json?: true }) =>
      withCluster(async (cluster) => {
        const found = await listGroups(cluster, cluster.connections())
        if (json) return printJson(found)
        printTable(
          ['GROUP', 'STATE'],
          found.map(({ groupId, state }) => [groupId, state]),
        )
      }),
    )
  groups
    .command('reset')
    .description('reset the offsets of a group without members; dry run unless --execute')
    .argument('<group>', 'as `smsgw groups list` shows it')
    .option('--topic <name...>', 'only these topics; all that the group has read if not given')
    .option('--to-earliest', 'to the beginning of the log')
    .option('--to-latest', 'to the end of the log')
    .option('--to-offset <n>', 'to an offset')
    .option('--shift-by <n>', 'forward by n records, or back by -n')
    .option('--to-datetime <time>', 'to the first record of that time or later, as in 2026-11-24T10:00:00Z')
    .option('--by-duration <duration>', 'back by a time from now, as in 15m, 6h, 2d')
    .option('--execute', 'do it')
    .option('--confirm <group>', `the group's name again; asked for with ${DELIVERY_GROUP}`)
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ smsgw groups reset smsgw-status --by-duration 1h\n' +
        '  $ smsgw groups reset smsgw-status --by-duration 1h --execute\n\n' +
        'Every consumer of the gateway can read records again: events have lasting ids, and messages that were handed to an\n' +
        'operator are not handed over again.',
    )
    .action(reset)
}

async function reset(group: string, options: ResetOptions): Promise<void> {
  const target = resetTarget(options, Date.now())
  if (options.execute && group === DELIVERY_GROUP && options.confirm !== group) {
    throw new ExpectedError(
      `${group} is what sends messages: what it skips stays unsent until the reconciler finds it. ` +
        `If you mean it, add --confirm ${group}.`,
    )
  }
  await withCluster(async (cluster) => {
    const connections = cluster.connections()
    const preview = await previewReset(cluster, connections, { group, topics: options.topic ?? [], target })
    if (options.execute) {
      const partitions = preview.map(
        ({ topic, partition, before, after }) => `${topic}[${partition}] ${before ?? '-'} → ${after}`,
      )
      await recordKafkaAct(cluster, options, { act: 'group.reset', subject: group, details: { partitions } })
    }
    const rows = options.execute ? await applyReset(cluster, connections, group, preview) : preview
    if (options.json) return printJson({ group, executed: options.execute ?? false, partitions: rows })
    show(rows)
    console.log(summary(rows, options.execute ?? false))
  })
}

function show(rows: readonly ResetRow[]): void {
  printTable(
    ['TOPIC', 'PARTITION', 'BEFORE', 'AFTER', 'READ-AGAIN'],
    rows.map(({ topic, partition, before, after, again }) => [topic, partition, before ?? '-', after, again]),
  )
}

function summary(rows: readonly ResetRow[], executed: boolean): string {
  const again = rows.reduce((sum, row) => sum + Math.max(0, row.again), 0)
  const skipped = rows.reduce((sum, row) => sum + Math.max(0, -row.again), 0)
  const what = `${again} records ${executed ? 'are' : 'would be'} read again, ${skipped} skipped.`
  return executed ? `Done, as read back from Kafka: ${what}` : `Nothing was changed: ${what} Add --execute to do it.`
}
