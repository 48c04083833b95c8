import { type Command, InvalidArgumentError } from 'commander'
import { describeTopics } from '../../kafka/admin/describe-topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { makePlan } from '../../topics/make-plan.ts'
import { withCluster } from '../find-servers.ts'
import { type ApplyFlags, addApplyOptions, carryOut } from './topics-apply-command.ts'

/** `smsgw topics add-partitions TOPIC COUNT` */
export function topicsGrowCommand(topics: Command): void {
  const command = topics
    .command('add-partitions')
    .description('add partitions to a topic, after showing which keys move and asking')
    .argument('<topic>', 'as in sms.accepted')
    .argument('<count>', 'the new number of partitions', partitionCount)
  addApplyOptions(command)
    .addHelpText(
      'after',
      `\nThe declaration must say the same, or the next plan finds a difference.

Examples:
  $ smsgw topics add-partitions sms.accepted 60
  $ smsgw topics add-partitions sms.accepted 60 --when-drained --yes`,
    )
    .action((topic: string, count: number, flags: ApplyFlags) =>
      withCluster((cluster) => growTopic(cluster, topic, count, flags)),
    )
}

async function growTopic(cluster: Cluster, topic: string, partitions: number, flags: ApplyFlags): Promise<void> {
  const state = (await describeTopics(cluster, [topic])).get(topic)
  if (!state) {
    throw new ExpectedError(`There is no topic "${topic}". \`smsgw topics describe --all\` shows those there are.`)
  }
  const declared = { name: topic, partitions, replicationFactor: state.replicationFactor, configs: {} }
  const { plan, refusals } = await makePlan(cluster, [declared], { prune: false, owns: null })
  const [refusal] = refusals
  if (refusal) throw new ExpectedError(`${topic}: ${refusal.why}. ${refusal.next}`)
  await carryOut(cluster, plan, [], flags)
  if (plan.changes.length > 0) console.error(`Declare ${partitions} partitions for ${topic} in the topics file, too.`)
}

function partitionCount(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new InvalidArgumentError('must be a whole number above 0')
}
