import type { Command } from 'commander'
import { declaredOf, type OperatorRevision, readRevision, readRevisionAfter } from '../../operators/operator-store.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { countWaiting } from '../operators/count-waiting.ts'
import { wholeNumber } from './dlq-options.ts'
import { withDatabase } from './find-servers.ts'
import { operatorsApplyCommand } from './operators-apply-command.ts'
import { operatorsPlanCommand } from './operators-plan-command.ts'
import { printJson, printTable } from './print-table.ts'
import { operatorReceiptsCommand } from './received-commands.ts'

/** `smsgw operators …` */
export function operatorsCommand(program: Command, done: (exitCode: number) => void): void {
  const operators = program.command('operators').description('operators and routes as code')
  listCommand(operators)
  showCommand(operators)
  operatorsPlanCommand(operators, done)
  operatorsApplyCommand(operators)
  operatorReceiptsCommand(operators)
}

function listCommand(operators: Command): void {
  operators
    .command('list')
    .description(
      'the operators in force, and what waits until they take messages again. Lines: the metric smsgw_operator_ready',
    )
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const inForce = await findRevision(pool)
        const { revision, appliedBy, appliedAt } = inForce
        const waiting = await countWaiting(pool)
        const rows = Object.entries(declaredOf(inForce).operators).map(
          ([name, { connector, window, per_second, on_ambiguous }]) => {
            const shown = { name, connector, window, per_second: per_second ?? null, on_ambiguous }
            return { ...shown, waiting: waiting.get(name) ?? 0 }
          },
        )
        if (json) return printJson({ revision, applied_by: appliedBy, applied_at: appliedAt, operators: rows })
        console.error(`Revision ${revision}, applied by ${appliedBy} at ${appliedAt.toISOString()}`)
        printTable(
          ['OPERATOR', 'CONNECTOR', 'WINDOW', 'PER SECOND', 'ON AMBIGUOUS', 'WAITING'],
          rows.map(({ name, connector, window, per_second, on_ambiguous, waiting: waits }) => {
            return [name, connector, window, per_second ?? 'no limit', on_ambiguous, waits]
          }),
        )
      }),
    )
}

function showCommand(operators: Command): void {
  operators
    .command('show')
    .description('the file of a revision, as it was applied; to go back to it, apply it again')
    .argument('[revision]', 'the one in force if not given')
    .addHelpText(
      'after',
      '\nExample:\n  $ smsgw operators show 3 > operators.yaml && smsgw operators apply -f operators.yaml',
    )
    .action((revision?: string) =>
      withDatabase(async (pool) => {
        const wanted = revision === undefined ? null : wholeNumber(revision, 'the revision')
        console.log((await findRevision(pool, wanted)).source.trimEnd())
      }),
    )
}

/** The revision of that number, or the one in force. Throws ExpectedError if there is none. */
export async function findRevision(pool: Pool, revision: number | null = null): Promise<OperatorRevision> {
  const found = revision === null ? await readRevisionAfter(pool, 0) : await readRevision(pool, revision)
  if (found) return found
  throw new ExpectedError(
    revision === null
      ? 'There are no operators yet: `smsgw operators apply -f FILE`, or start the gateway, which begins with OPERATORS_FILE.'
      : `There is no revision ${revision} of the operators.`,
  )
}
