import type { Command } from 'commander'
import { gatewaySettings } from '../../process/settings.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { writeStateFile } from '../../runtime/write-state-file.ts'
import { describeOperatorsChange } from '../../tools/operators/compare-operators.ts'
import { type OperatorsPlan, planOperators, toStoredPlan } from '../../tools/operators/operators-plan.ts'
import { withDatabase } from '../find-servers.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'

/** Of a plan, which others may read, as far as the user's umask lets them. */
const FOR_REVIEW = 0o666

interface PlanFlags {
  readonly file: string
  readonly out?: string
  readonly json?: true
}

/** `smsgw operators plan` */
export function operatorsPlanCommand(operators: Command, done: (exitCode: number) => void): void {
  operators
    .command('plan')
    .description('show what `apply` would change. Exit code: 0 nothing, 2 something, 1 the file cannot be used')
    .option('-f, --file <path>', 'operators and routes', inputFile, gatewaySettings.OPERATORS_FILE.fallback)
    .option('-o, --out <path>', 'store the plan, for `smsgw operators apply --plan`')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw operators plan
  $ smsgw operators plan --out operators.plan && smsgw operators apply --plan operators.plan`,
    )
    .action(({ file, out, json }: PlanFlags) =>
      withDatabase(async (pool) => {
        const plan = await planOperators(pool, file)
        const { basedOn, plannedAt, changes, missing } = plan
        if (out) writeStateFile(out, `${JSON.stringify(toStoredPlan(plan), null, 2)}\n`, FOR_REVIEW)
        if (json) {
          printJson({ revision: basedOn, plannedAt, file, changes, missing })
        } else {
          for (const line of operatorsPlanLines(plan)) console.log(line)
          if (changes.length > 0) console.log(`Next: smsgw operators apply${out ? ` --plan ${out}` : ` -f ${file}`}`)
        }
        done(changes.length > 0 ? EXIT.found : EXIT.done)
      }),
    )
}

/** The plan as text, with what removing an operator means, and what of operators' secrets is not here. */
export function operatorsPlanLines({ basedOn, changes, file, missing }: OperatorsPlan): string[] {
  if (changes.length === 0) return [`Nothing to do: revision ${basedOn} routes as ${file} says.`]
  const removed = changes.filter(({ kind, what }) => kind === 'remove' && what.startsWith('operator '))
  return [
    basedOn === 0 ? 'The first revision' : `Revision ${basedOn} → ${basedOn + 1}`,
    ...changes.map((change) => `  ${describeOperatorsChange(change)}`),
    ...removed.map(
      ({ what }) => `  ! ${what}: receipts for what it was sent are heard for five minutes more, and then no longer.`,
    ),
    ...missing.map(
      (what) => `  ! ${what}. That is so here; every worker needs it, and the operator waits until one has it.`,
    ),
  ]
}
