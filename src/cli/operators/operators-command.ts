import type { Command } from 'commander'
import { stringify } from 'yaml'
import { CONNECTORS } from '../../delivery/connectors/connectors.ts'
import { cleanText } from '../../domain/text/clean-text.ts'
import { declaredOf, type OperatorRevision, readRevision, readRevisionAfter } from '../../operators/operator-store.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { countWaiting } from '../../tools/operators/count-waiting.ts'
import { readUnreadableAnswers } from '../../tools/operators/read-unreadable-answers.ts'
import { wholeNumber } from '../dlq/dlq-options.ts'
import { withDatabase } from '../find-servers.ts'
import { printJson, printTable } from '../terminal/print-table.ts'
import { operatorsApplyCommand } from './operators-apply-command.ts'
import { operatorsPlanCommand } from './operators-plan-command.ts'
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
      'list current operators with their pending messages and unreadable answers. Connections: the metric smsgw_operator_ready',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw operators list')
    .action(({ json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const inForce = await findRevision(pool)
        const { revision, appliedBy, appliedAt } = inForce
        const [waiting, unreadable] = await Promise.all([countWaiting(pool), readUnreadableAnswers(pool)])
        const rows = Object.entries(declaredOf(inForce, CONNECTORS).operators).map(
          ([name, { connector, window, per_second, on_ambiguous }]) => {
            const shown = { name, connector, window, per_second: per_second ?? null, on_ambiguous }
            return { ...shown, waiting: waiting.get(name) ?? 0, unreadable_answers: unreadable.get(name) ?? [] }
          },
        )
        if (json) return printJson({ revision, applied_by: appliedBy, applied_at: appliedAt, operators: rows })
        console.error(`Revision ${revision}, applied by ${appliedBy} at ${appliedAt.toISOString()}`)
        printTable(
          ['OPERATOR', 'CONNECTOR', 'WINDOW', 'PER SECOND', 'ON AMBIGUOUS', 'WAITING', 'UNREADABLE ANSWERS'],
          rows.map(({ name, connector, window, per_second, on_ambiguous, waiting: waits, unreadable_answers: of }) => {
            const answers = of.reduce((sum, each) => sum + each.answers, 0)
            return [name, connector, window, per_second ?? 'no limit', on_ambiguous, waits, answers]
          }),
        )
      }),
    )
}

function showCommand(operators: Command): void {
  operators
    .command('show')
    .description('show a current operator with a sample of its unreadable answers, or the file of a revision')
    .argument('[operator-or-revision]', 'a name, or a number; the file in force if not given')
    .option('--json', 'an operator as JSON')
    .addHelpText(
      'after',
      `\nAn answer that could not be read says that a message was taken, and not under which id: no receipt can match it.

Examples:
  $ smsgw operators show mci
  $ smsgw operators show 3 > operators.yaml && smsgw operators apply -f operators.yaml`,
    )
    .action((wanted: string | undefined, { json }: { json?: true }) =>
      withDatabase(async (pool) => {
        if (wanted !== undefined && /^[a-z]/.test(wanted)) return showOperator(pool, wanted, json ?? false)
        const revision = wanted === undefined ? null : wholeNumber(wanted, 'the revision')
        console.log((await findRevision(pool, revision)).source.trimEnd())
      }),
    )
}

/** Of a sample in a table; `--json` shows all that is kept. */
const SHOWN_CHARS_MAX = 120

async function showOperator(pool: Pool, name: string, asJson: boolean): Promise<void> {
  const inForce = await findRevision(pool)
  const config = declaredOf(inForce, CONNECTORS).operators[name]
  if (!config) throw new ExpectedError(`Revision ${inForce.revision} has no operator "${name}".`)
  const [waiting, unreadable] = await Promise.all([countWaiting(pool), readUnreadableAnswers(pool)])
  const answers = unreadable.get(name) ?? []
  if (asJson) {
    printJson({
      name,
      revision: inForce.revision,
      config,
      waiting: waiting.get(name) ?? 0,
      unreadable_answers: answers,
    })
    return
  }
  console.log(stringify({ [name]: config }).trimEnd())
  console.error(`Revision ${inForce.revision}; ${waiting.get(name) ?? 0} messages wait for it.`)
  if (answers.length === 0) return console.error('All of its answers were read.')
  console.error('Took messages by answers that do not name them, so that no receipt can match:')
  printTable(
    ['WHY', 'ANSWERS', 'FIRST', 'LAST', 'SMS_ID', 'SAMPLE'],
    answers.map(({ code, answers: count, first_at, last_at, last_sms_id, sample }) => {
      return [
        code,
        count,
        first_at.toISOString(),
        last_at.toISOString(),
        last_sms_id,
        sample === '' ? '(empty)' : cleanText(sample, SHOWN_CHARS_MAX),
      ]
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
