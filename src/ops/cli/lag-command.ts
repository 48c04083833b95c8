import type { Command } from 'commander'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { type PartitionLag, readLag } from '../lag/read-lag.ts'
import { withCluster } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

const HEADINGS = ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG']

interface LagOptions {
  readonly json?: true
  readonly watch?: true
}

/** `smsgw lag [GROUP]` */
export function lagCommand(program: Command): void {
  program
    .command('lag')
    .description('how far consumer groups are behind the ends of their partitions')
    .argument('[group]', 'one group; all if not given')
    .option('--json', 'as JSON')
    .option('--watch', 'again every two seconds')
    .addHelpText('after', '\nExamples:\n  $ smsgw lag\n  $ smsgw lag smsgw-delivery --watch')
    .action((group: string | undefined, options: LagOptions) =>
      withCluster(async (cluster) => {
        const connections = cluster.connections()
        do await show(cluster, connections, group, options)
        while (options.watch && (await sleep(2_000).then(() => true)))
      }),
    )
}

async function show(
  cluster: Cluster,
  connections: BrokerConnections,
  group: string | undefined,
  options: LagOptions,
): Promise<void> {
  const lags = await readLag(cluster, connections, group)
  if (lags.length === 0 && group !== undefined) {
    throw new ExpectedError(
      `There is no group "${group}", or it has committed nothing. \`smsgw lag\` shows those there are.`,
    )
  }
  if (options.watch && !options.json) console.log(`\n${new Date().toISOString()}`)
  if (options.json) printJson(lags)
  else printTable(HEADINGS, lags.map(row))
}

function row(lag: PartitionLag): (string | number)[] {
  return [lag.group, lag.topic, lag.partition, lag.currentOffset, lag.logEndOffset, lag.lag]
}
