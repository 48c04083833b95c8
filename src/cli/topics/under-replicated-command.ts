import type { Command } from 'commander'
import { EXIT } from '../../runtime/exit-codes.ts'
import { findUnderReplicated } from '../../topics/find-under-replicated.ts'
import { withCluster } from '../find-servers.ts'
import { printJson, printTable } from '../terminal/print-table.ts'

/** `smsgw under-replicated` */
export function underReplicatedCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('under-replicated')
    .description('list under-replicated partitions. Exit code: 0 none, 2 some, 1 failed')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw under-replicated')
    .action(({ json }: { json?: true }) =>
      withCluster(async (cluster) => {
        const found = await findUnderReplicated(cluster)
        if (found.length > 0) done(EXIT.found)
        if (json) return printJson(found)
        if (found.length === 0) return console.log('None: every replica is in sync.')
        printTable(
          ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN-SYNC', 'MISSING', 'STATE'],
          found.map((each) => [
            each.topic,
            each.partition,
            each.leader ?? 'none',
            each.replicas.join(),
            each.inSync.join(),
            each.missing.join(),
            each.state,
          ]),
        )
        const missing = [...new Set(found.flatMap((each) => each.missing))].sort((a, b) => a - b)
        console.error(`Brokers that lack replicas: ${missing.join(', ')}. Look whether they run, and at their logs.`)
      }),
    )
}
