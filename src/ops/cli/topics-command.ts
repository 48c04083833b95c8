import type { Command } from 'commander'
import { describeTopics } from '../../kafka/admin/describe-topics.ts'
import { gatewaySettings } from '../../settings.ts'
import { compareTopic, fitToBrokers } from '../topics/compare-topics.ts'
import { readTopicsFile } from '../topics/topics-file.ts'
import { withCluster } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

/** `smsgw topics describe` */
export function topicsCommand(program: Command): void {
  const topics = program.command('topics').description('topics as code')
  topics
    .command('describe')
    .description('the declared topics as the cluster has them, and in what they differ')
    .option('-f, --file <path>', 'the declaration', gatewaySettings.TOPICS_FILE.fallback)
    .option('--json', 'as JSON')
    .action(({ file, json }: { file: string; json?: true }) =>
      withCluster(async (cluster) => {
        const declared = readTopicsFile(file)
        const actual = await describeTopics(
          cluster,
          declared.map(({ name }) => name),
        )
        const rows = declared.map((topic) => {
          const found = actual.get(topic.name)
          const differences = found ? compareTopic(fitToBrokers(topic, cluster.brokerIds.length), found) : []
          return {
            topic: topic.name,
            partitions: found?.partitions ?? 0,
            replication: found?.replicationFactor ?? 0,
            differences,
          }
        })
        if (json) return printJson(rows)
        printTable(
          ['TOPIC', 'PARTITIONS', 'REPLICATION', 'DIFFERENCES'],
          rows.map(({ topic, partitions, replication, differences }) => [
            topic,
            partitions,
            replication,
            partitions === 0
              ? 'missing'
              : differences
                  .map(({ what, declared: want, actual: have }) => `${what}: ${have}, declared ${want}`)
                  .join('; '),
          ]),
        )
      }),
    )
}
