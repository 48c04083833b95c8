import type { Command } from 'commander'
import { gatewaySettings } from '../../process/settings.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { writeStateFile } from '../../runtime/write-state-file.ts'
import { makePlan } from '../../topics/make-plan.ts'
import { readTopicsDeclaration } from '../../topics/topics-file.ts'
import { withCluster } from '../find-servers.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'
import { growthEffects, planLines } from './show-plan.ts'

/** Of a plan, which others may read, as far as the user's umask lets them. */
const FOR_REVIEW = 0o666

interface PlanFlags {
  readonly file: string
  readonly prune?: true
  readonly out?: string
  readonly json?: true
}

/** `smsgw topics plan` */
export function topicsPlanCommand(topics: Command, done: (exitCode: number) => void): void {
  topics
    .command('plan')
    .description('show what `apply` would change. Exit code: 0 nothing, 2 something, 1 something is refused or failed')
    .option('-f, --file <path>', 'the declaration', inputFile, gatewaySettings.TOPICS_FILE.fallback)
    .option('--prune', 'also remove undeclared configs, and undeclared topics whose names the file owns')
    .option('-o, --out <path>', 'store the plan, for `smsgw topics apply --plan`')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw topics plan
  $ smsgw topics plan --out topics.plan && smsgw topics apply --plan topics.plan`,
    )
    .action((flags: PlanFlags) =>
      withCluster(async (cluster) => {
        const { topics: declared, owns } = readTopicsDeclaration(flags.file)
        const { plan, refusals } = await makePlan(cluster, declared, { prune: flags.prune === true, owns })
        const growth = await growthEffects(cluster, plan)
        if (flags.out) writeStateFile(flags.out, `${JSON.stringify(plan, null, 2)}\n`, FOR_REVIEW)
        if (flags.json) {
          const { clusterId, plannedAt, changes } = plan
          printJson({ clusterId, plannedAt, changes, refusals, growth })
        } else {
          for (const line of planLines(plan, refusals, growth)) console.log(line)
          if (plan.changes.length > 0) console.log(`Next: smsgw topics apply${flags.out ? ` --plan ${flags.out}` : ''}`)
        }
        if (refusals.length > 0) done(EXIT.failed)
        else done(plan.changes.length > 0 ? EXIT.found : EXIT.done)
      }),
    )
}
