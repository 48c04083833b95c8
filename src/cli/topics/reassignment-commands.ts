import type { Command } from 'commander'
import { describeTopics } from '../../kafka/admin/describe-topics.ts'
import { electPreferredLeaders } from '../../kafka/admin/elect-leaders.ts'
import { listTopics } from '../../kafka/admin/list-topics.ts'
import { listReassignments, reassignPartitions } from '../../kafka/admin/reassign-partitions.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { awaitReassignment } from '../../topics/await-reassignment.ts'
import { liftThrottle, throttledTopics } from '../../topics/throttle-replication.ts'
import { BY_OPTION } from '../dlq/dlq-options.ts'
import { withCluster } from '../find-servers.ts'
import { recordKafkaAct } from '../record-kafka-act.ts'
import { confirmAtTerminal } from '../terminal/confirm.ts'
import { printJson, printTable } from '../terminal/print-table.ts'

interface ReassignmentFlags {
  readonly cancel?: true
  readonly wait?: true
  readonly by?: string
  readonly json?: true
}

interface ElectFlags {
  readonly yes?: true
  readonly by?: string
  readonly json?: true
}

/** `smsgw topics reassignments` and `smsgw topics elect-leaders` */
export function reassignmentCommands(topics: Command): void {
  topics
    .command('reassignments')
    .description('list replicas that are being moved')
    .option('--wait', 'wait until no replica moves, then remove the throttle')
    .option('--cancel', 'return replicas to where they were, and remove the throttle')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw topics reassignments --wait')
    .action((flags: ReassignmentFlags) => withCluster((cluster) => reassignments(cluster, flags)))
  topics
    .command('elect-leaders')
    .description('elect the preferred leaders, so that leadership is balanced across brokers')
    .option('-y, --yes', 'do not ask')
    .option(...BY_OPTION)
    .option('--json', 'the partitions, as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw topics elect-leaders --yes')
    .action((flags: ElectFlags) => withCluster((cluster) => electLeaders(cluster, flags)))
}

async function reassignments(cluster: Cluster, flags: ReassignmentFlags): Promise<void> {
  const { cancel, wait, json } = flags
  await cluster.refresh()
  const moving = await listReassignments(cluster)
  if (json) printJson(moving)
  else if (moving.length === 0) console.log('No replica moves.')
  else {
    printTable(
      ['TOPIC', 'PARTITION', 'REPLICAS', 'ADDING', 'REMOVING'],
      moving.map((each) => [
        each.topic,
        each.partition,
        each.replicas.join(),
        each.adding.join(),
        each.removing.join(),
      ]),
    )
  }
  if (!cancel && !wait) return
  const details = { moving: moving.length, cancel: cancel ?? false }
  await recordKafkaAct(cluster, flags, { act: 'reassignment.ended', subject: 'replicas', details })
  if (cancel && moving.length > 0) {
    await reassignPartitions(
      cluster,
      moving.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
    )
  }
  await awaitReassignment(cluster, null, (what) => console.error(what))
  await liftThrottle(cluster, await throttledTopics(cluster))
  console.error('No replica is being moved any more; the throttle was removed.')
}

async function electLeaders(cluster: Cluster, flags: ElectFlags): Promise<void> {
  const { yes, json } = flags
  const topics = await describeTopics(cluster, await listTopics(cluster))
  const misled = [...topics.values()].flatMap(({ name, layout }) =>
    layout
      .filter(({ leader, replicas, inSync }) => leader !== replicas[0] && inSync.includes(replicas[0]!))
      .map(({ partition, leader, replicas }) => ({ topic: name, partition, leader, preferred: replicas[0]! })),
  )
  if (json) printJson(misled)
  else if (misled.length === 0) console.log('Every partition is led by its preferred leader, or that is not in sync.')
  else {
    const rows = misled.map(({ topic, partition, leader, preferred }) => [topic, partition, leader, preferred])
    printTable(['TOPIC', 'PARTITION', 'LEADER', 'PREFERRED'], rows)
  }
  if (misled.length === 0) return
  if (!yes && !(await confirmAtTerminal(`Let the preferred leaders of ${misled.length} partitions lead?`))) {
    throw new ExpectedError('Nothing was changed.')
  }
  const details = { partitions: misled.length }
  await recordKafkaAct(cluster, flags, { act: 'leaders.elected', subject: 'partitions', details })
  await electPreferredLeaders(cluster, misled)
  console.error(`${misled.length} partitions are led by their preferred leaders now.`)
}
