import type { Command } from 'commander'
import { describeBrokers } from '../../kafka/admin/describe-brokers.ts'
import { type DescribedTopic, describeTopics } from '../../kafka/admin/describe-topics.ts'
import { listTopics } from '../../kafka/admin/list-topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { gatewaySettings } from '../../process/settings.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { compareTopic, fitToBrokers } from '../../topics/compare-topics.ts'
import { readTopicsFile } from '../../topics/topics-file.ts'
import { withCluster } from '../find-servers.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson, printTable } from '../terminal/print-table.ts'

interface DescribeFlags {
  readonly file: string
  readonly all?: true
  readonly json?: true
}

/** `smsgw topics describe [TOPIC…]` */
export function topicsDescribeCommand(topics: Command): void {
  topics
    .command('describe')
    .description('show the declared topics in the cluster and their differences, or the partitions of some topics')
    .argument('[topic...]', 'topics to show partition by partition')
    .option('-f, --file <path>', 'the declaration', inputFile, gatewaySettings.TOPICS_FILE.fallback)
    .option('--all', 'every topic, declared or not')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw topics describe\n  $ smsgw topics describe sms.accepted')
    .action((names: string[], flags: DescribeFlags) =>
      withCluster((cluster) => (names.length > 0 ? showPartitions(cluster, names, flags) : showTopics(cluster, flags))),
    )
}

async function showTopics(cluster: Cluster, { file, all, json }: DescribeFlags): Promise<void> {
  const declared = new Map(readTopicsFile(file).map((topic) => [topic.name, topic]))
  const names = new Set([...declared.keys(), ...(all ? await listTopics(cluster) : [])])
  const actual = await describeTopics(cluster, [...names])
  const brokers = (await describeBrokers(cluster)).length
  const rows = [...names].map((topic) => {
    const [want, found] = [declared.get(topic), actual.get(topic)]
    const differences = want && found ? compareTopic(fitToBrokers(want, brokers), found) : []
    const { partitions = 0, replicationFactor: replication = 0 } = found ?? {}
    return { topic, declared: want !== undefined, partitions, replication, differences }
  })
  if (json) return printJson(rows)
  printTable(
    ['TOPIC', 'PARTITIONS', 'REPLICATION', 'DIFFERENCES'],
    rows.map((row) => [row.topic, row.partitions, row.replication, remark(row)]),
  )
}

function remark(row: {
  declared: boolean
  partitions: number
  differences: readonly { what: string; actual: string; declared: string }[]
}): string {
  if (!row.declared) return '(not declared)'
  if (row.partitions === 0) return 'missing'
  return row.differences.map(({ what, actual, declared }) => `${what}: ${actual}, declared ${declared}`).join('; ')
}

async function showPartitions(cluster: Cluster, names: readonly string[], { json }: DescribeFlags): Promise<void> {
  const described = await describeTopics(cluster, names)
  const unknown = names.find((name) => !described.has(name))
  if (unknown !== undefined) {
    throw new ExpectedError(`There is no topic "${unknown}". \`smsgw topics describe --all\` shows those there are.`)
  }
  if (json) return printJson([...described.values()].map(toJson))
  printTable(
    ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN-SYNC'],
    [...described.values()].flatMap(({ name, layout }) =>
      layout.map(({ partition, leader, replicas, inSync }) => [
        name,
        partition,
        leader < 0 ? 'none' : leader,
        replicas.join(),
        inSync.join(),
      ]),
    ),
  )
}

function toJson({ name, partitions, replicationFactor, configs, overrides, layout }: DescribedTopic) {
  const set = Object.fromEntries([...configs].filter(([config]) => overrides.has(config)))
  return { topic: name, partitions, replication: replicationFactor, configs: set, layout }
}
