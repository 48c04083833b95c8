import { type Command, Option } from 'commander'
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  encodeCursor,
  parseCursor,
} from '../../dead-letters/dead-letter-filter.ts'
import { parseDeadLetterId } from '../../dead-letters/dead-letter-id.ts'
import { listDeadLetters } from '../../dead-letters/list-dead-letters.ts'
import { type DeadLetterDetails, showDeadLetter } from '../../dead-letters/show-dead-letter.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { withDatabase } from '../find-servers.ts'
import { printJson, printTable } from '../terminal/print-table.ts'
import { dlqChangeCommands } from './dlq-change-commands.ts'
import { dlqEditCommand } from './dlq-edit-command.ts'
import { addFilterOptions, type FilterOptions, filterOf, wholeNumber } from './dlq-options.ts'

const HEADINGS = ['ID', 'FAILED-AT', 'REASON', 'TOPIC', 'CUSTOMER', 'OPERATOR', 'REDRIVES', 'STATE', 'ERROR']
const ERROR_LENGTH_SHOWN = 70
const DEAD_LETTERS_SHOWN_MAX = 10_000

interface ListOptions extends FilterOptions {
  readonly state: DeadLetterFilter['state']
  readonly limit: string
  readonly after?: string
  readonly json?: true
}

/** `smsgw dlq list|show|edit|redrive|discard` */
export function dlqCommand(program: Command, done: (exitCode: number) => void): void {
  const dlq = program.command('dlq').description('dead letters: records that could not be handled')
  addFilterOptions(dlq.command('list').description('dead letters, the newest first'))
    .addOption(new Option('--state <state>', 'which ones').choices([...DEAD_LETTER_STATES, 'all']).default('open'))
    .option('--limit <n>', 'how many at most', '50')
    .option('--after <cursor>', 'continue after the cursor of an earlier list')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw dlq list --last 1h
  $ smsgw dlq list --reason handler --error 'no operator' --customer acme
  $ smsgw dlq list --state all --json`,
    )
    .action(list)
  dlq
    .command('show')
    .description('show a dead letter and its history')
    .argument('<id>', 'as in 3-1042')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ smsgw dlq show 3-1042')
    .action((id: string, { json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const letter = await showDeadLetter(pool, parseDeadLetterId(id))
        if (json) printJson(letter)
        else printDeadLetter(letter)
      }),
    )
  dlqEditCommand(dlq)
  dlqChangeCommands(dlq, done)
  for (const command of dlq.commands) command.exitOverride()
}

async function list(options: ListOptions): Promise<void> {
  const limit = wholeNumber(options.limit, '--limit')
  if (limit > DEAD_LETTERS_SHOWN_MAX)
    throw new ExpectedError(`--limit is at most ${DEAD_LETTERS_SHOWN_MAX}; go on with --after.`)
  const after = options.after === undefined ? null : parseCursor(options.after)
  if (options.after !== undefined && !after) throw new ExpectedError('--after takes what a list ended with.')
  const filter = filterOf(options, options.state, Date.now())
  await withDatabase(async (pool) => {
    const { letters, next } = await listDeadLetters(pool, filter, after, limit)
    if (options.json) return printJson({ letters, next: next && encodeCursor(next) })
    printTable(
      HEADINGS,
      letters.map((letter) => [
        letter.id,
        letter.failed_at,
        letter.reason,
        letter.original_topic,
        letter.customer_id ?? '-',
        letter.operator ?? '-',
        letter.redrives,
        letter.edited ? `${letter.state}, edited` : letter.state,
        oneLine(letter.error),
      ]),
    )
    if (next) console.error(`There are more: --after ${encodeCursor(next)}`)
  })
}

function oneLine(error: string): string {
  const line = error.replace(/\s+/g, ' ')
  return line.length > ERROR_LENGTH_SHOWN ? `${line.slice(0, ERROR_LENGTH_SHOWN - 1)}…` : line
}

function printDeadLetter(letter: DeadLetterDetails): void {
  const { original, headers, actions, value, edited_value, ...rest } = letter
  for (const [name, field] of Object.entries(rest)) console.log(`${name.padEnd(16)}${field ?? '-'}`)
  const { topic, partition, offset, consumer_group } = original
  console.log(`${'original'.padEnd(16)}${topic}[${partition}] at ${offset}, read by ${consumer_group}`)
  for (const [name, text] of Object.entries(headers)) console.log(`${'header'.padEnd(16)}${name}: ${text}`)
  for (const { at, by, action, note } of actions) {
    console.log(`${action.padEnd(16)}by ${by} at ${at}${note === null ? '' : `: ${note}`}`)
  }
  console.log(`value           ${JSON.stringify(value, null, 2)}`)
  if (edited_value !== null) console.log(`edited value    ${JSON.stringify(edited_value, null, 2)}`)
}
