import type { Command } from 'commander'
import { gatewaySettings } from '../../process/settings.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { describeOperatorsChange } from '../../tools/operators/compare-operators.ts'
import { applyOperators, planOperators, recallPlan } from '../../tools/operators/operators-plan.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { changeDatabase, withDatabase } from '../find-servers.ts'
import { confirmAtTerminal } from '../terminal/confirm.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'
import { operatorsPlanLines } from './operators-plan-command.ts'

interface ApplyFlags {
  readonly file: string
  readonly plan?: string
  readonly yes?: true
  readonly by?: string
  readonly json?: true
}

/** `smsgw operators apply` */
export function operatorsApplyCommand(operators: Command): void {
  operators
    .command('apply')
    .description('apply operators and routes, from a stored plan or interactively')
    .option('-f, --file <path>', 'operators and routes', inputFile, gatewaySettings.OPERATORS_FILE.fallback)
    .option('-p, --plan <path>', 'apply this plan, if it still holds, without asking', inputFile)
    .option('-y, --yes', 'do not ask')
    .option(...BY_OPTION)
    .option('--json', 'what was done, as JSON')
    .addHelpText(
      'after',
      `\nEvery process goes by the new revision within ten seconds, without a restart.

Examples:
  $ smsgw operators apply
  $ smsgw operators apply -f operators.yaml --yes --by alice
  $ smsgw operators apply --plan operators.plan`,
    )
    .action(apply)
}

async function apply(flags: ApplyFlags): Promise<void> {
  const { file, plan: stored, yes, json } = flags
  const plan = await withDatabase((pool) =>
    stored === undefined ? planOperators(pool, file) : recallPlan(pool, stored),
  )
  const { changes, basedOn } = plan
  if (changes.length === 0) {
    if (json) printJson({ revision: basedOn, changes })
    else console.log(operatorsPlanLines(plan).join('\n'))
    return
  }
  if (stored === undefined && !yes) {
    for (const line of operatorsPlanLines(plan)) console.error(line)
    if (!(await confirmAtTerminal('Apply this?'))) throw new ExpectedError('Nothing was changed.')
  }
  const revision = await changeDatabase(actorOf(flags), async (connection) => {
    const { revision: result } = await applyOperators(connection, plan, actorOf(flags))
    const details = { changes: changes.length, diff: changes.map(describeOperatorsChange) }
    return { act: { act: 'operators.applied', subject: `revision ${result}`, details }, result }
  })
  if (json) printJson({ revision, changes })
  else console.log(`Revision ${revision} is in force; every process goes by it within ten seconds.`)
}
