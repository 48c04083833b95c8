import type { Command } from 'commander'
import {
  type ChangeBatch,
  type ChangeResult,
  changeByIds,
  changeMatching,
} from '../../dead-letters/change-dead-letters.ts'
import { dlqSettings } from '../../dead-letters/config.ts'
import type { DeadLetterFilter } from '../../dead-letters/dead-letter-filter.ts'
import { parseDeadLetterId } from '../../dead-letters/dead-letter-id.ts'
import { discardDeadLetters } from '../../dead-letters/discard-dead-letters.ts'
import { countDeadLetters } from '../../dead-letters/list-dead-letters.ts'
import { redriveDeadLetters } from '../../dead-letters/redrive-dead-letters.ts'
import type { Pool } from '../../postgres/pool.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readSettings } from '../../runtime/settings.ts'
import { withWritableDatabase } from '../find-servers.ts'
import { printJson, printTable } from '../terminal/print-table.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'
import { actorOf, addFilterOptions, type FilterOptions, filterOf, wholeNumber } from './dlq-options.ts'

const DEAD_LETTERS_MAX = 10_000

interface ChangeOptions extends FilterOptions {
  readonly all?: true
  readonly limit: string
  readonly yes?: true
  readonly by?: string
  readonly note?: string
  readonly json?: true
}

/** What a command does: in words, and to a batch of dead letters. */
interface Change {
  readonly verb: 'redrive' | 'discard'
  readonly done: 'redriven' | 'discarded'
  readonly batch: ChangeBatch
}

/** `smsgw dlq redrive` and `smsgw dlq discard` */
export function dlqChangeCommands(dlq: Command, done: (exitCode: number) => void): void {
  changeCommand(dlq, 'redrive', 'republish dead letters to their topics, with their keys and event ids')
    .addHelpText('after', examples('redrive'))
    .action((ids: string[], options: ChangeOptions) =>
      withWritableDatabase(async (pool) => {
        const { DLQ_REDRIVES_MAX: redrivesMax } = readSettings(dlqSettings, process.env)
        const settings = { by: actorOf(options), redrivesMax }
        const batch: ChangeBatch = (choice) => redriveDeadLetters(pool, choice, settings)
        done(await change(pool, ids, options, { verb: 'redrive', done: 'redriven', batch }))
      }),
    )
  changeCommand(dlq, 'discard', 'close dead letters without a redrive; they remain readable')
    .option('--note <text>', 'reason, for the audit trail')
    .addHelpText('after', examples('discard'))
    .action((ids: string[], options: ChangeOptions) =>
      withWritableDatabase(async (pool) => {
        const settings = { by: actorOf(options), note: options.note ?? null }
        const batch: ChangeBatch = (choice) => discardDeadLetters(pool, choice, settings)
        done(await change(pool, ids, options, { verb: 'discard', done: 'discarded', batch }))
      }),
    )
}

function changeCommand(dlq: Command, verb: string, what: string): Command {
  const command = dlq.command(verb).description(`${what}; dry run for filters unless --yes`)
  return addFilterOptions(command.argument('[id...]', 'ids, as in 3-1042; or select by the options'))
    .option('--all', 'instead of any filter: all open ones')
    .option('--limit <n>', 'how many at most, the oldest first', String(DEAD_LETTERS_MAX))
    .option('--yes', 'do it')
    .option('--by <name>', 'name for the audit trail (default: the user of this machine)')
    .option('--json', 'as JSON')
}

function examples(verb: string): string {
  return `\nExamples:
  $ smsgw dlq ${verb} 3-1042 3-1043
  $ smsgw dlq ${verb} --reason attempts-exhausted --operator simulator --last 2h
  $ smsgw dlq ${verb} --error 'no operator' --limit 10000 --yes --by alice

Exit code 0 if every one was done, 1 if some were refused.`
}

async function change(
  pool: Pool,
  ids: string[],
  options: ChangeOptions,
  { verb, done, batch }: Change,
): Promise<number> {
  const limit = wholeNumber(options.limit, '--limit')
  const filter = filterOf(options, 'open', Date.now())
  const isFiltered = Object.keys(filter).length > 1
  if (Number(ids.length > 0) + Number(isFiltered) + Number(options.all ?? false) !== 1) {
    throw new ExpectedError(
      `Name the dead letters: ids, or a filter such as --reason, or --all. \`smsgw dlq ${verb} --help\``,
    )
  }
  if (ids.length > 0) return report(await changeByIds(ids.map(parseDeadLetterId), batch), done, options)
  if (!options.yes) return preview(pool, filter, limit, options, verb)
  const bar = new ProgressBar(done, limit)
  const result = await changeMatching(filter, limit, batch, (looked) => bar.update(looked))
  bar.end()
  return report(result, done, options)
}

async function preview(
  pool: Pool,
  filter: DeadLetterFilter,
  limit: number,
  options: ChangeOptions,
  verb: string,
): Promise<number> {
  const counts = await countDeadLetters(pool, filter, limit)
  const matching = counts.reduce((sum, { letters }) => sum + letters, 0)
  if (options.json) {
    printJson({ executed: false, matching, by_reason: counts })
    return 0
  }
  printTable(
    ['REASON', 'TOPIC', 'DEAD LETTERS'],
    counts.map(({ reason, original_topic, letters }) => [reason, original_topic, letters]),
  )
  const more = matching === limit ? ` There may be more: --limit is ${limit}.` : ''
  console.error(`Nothing was changed: would ${verb} ${matching}.${more} Add --yes to do it.`)
  return 0
}

function report(result: ChangeResult, done: string, options: ChangeOptions): number {
  if (options.json) printJson({ executed: true, ...result })
  else console.log(`${done}: ${result.done}, refused: ${result.refused}`)
  for (const { why } of options.json ? [] : result.refusals) console.error(why)
  return result.refused > 0 ? EXIT.failed : EXIT.done
}
