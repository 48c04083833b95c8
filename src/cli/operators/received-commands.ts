import type { Command } from 'commander'
import { type ReceivedFilter, readIncomingMessages, readReviews } from '../../tools/operators/read-received.ts'
import { wholeNumber } from '../dlq/dlq-options.ts'
import { withDatabase } from '../find-servers.ts'
import { printJson, printTable } from '../terminal/print-table.ts'

interface ReceivedFlags {
  readonly operator?: string
  readonly limit: string
  readonly json?: true
}

/** `smsgw operators receipts` */
export function operatorReceiptsCommand(operators: Command): void {
  addFlags(operators.command('receipts'))
    .description('list receipts acknowledged without effect, newest first, with the text of the operator')
    .addHelpText(
      'after',
      `\nA sample: the metric smsgw_receipts_total counts all of them. What each cause means: docs/operators/smpp.md.

Examples:
  $ smsgw operators receipts
  $ smsgw operators receipts --operator mci --limit 10 --json`,
    )
    .action((flags: ReceivedFlags) =>
      withDatabase(async (pool) => {
        const rows = await readReviews(pool, filterOf(flags))
        if (flags.json) return printJson(rows)
        printTable(
          ['RECEIVED', 'OPERATOR', 'CAUSE', 'ID', 'WORDS'],
          rows.map(({ received_at: at, operator, cause, operator_message_id: id, words }) => [
            at.toISOString(),
            operator,
            cause,
            id ?? '',
            words,
          ]),
        )
      }),
    )
}

/** `smsgw incoming …` */
export function incomingCommand(program: Command): void {
  const incoming = program.command('incoming').description('messages from subscribers')
  addFlags(incoming.command('list'))
    .description('messages from subscribers, newest first')
    .addHelpText('after', '\nExample:\n  $ smsgw incoming list --operator mci --limit 10 --json')
    .action((flags: ReceivedFlags) =>
      withDatabase(async (pool) => {
        const rows = await readIncomingMessages(pool, filterOf(flags))
        if (flags.json) return printJson(rows)
        printTable(
          ['RECEIVED', 'OPERATOR', 'FROM', 'TO', 'PART', 'TEXT'],
          rows.map((row) => [
            row.received_at.toISOString(),
            row.operator,
            row.from_address,
            row.to_address,
            row.concat_part === null ? '' : `${row.concat_part}/${row.concat_total}`,
            row.text === null ? `(data_coding ${row.data_coding})` : row.text.replaceAll('\n', ' '),
          ]),
        )
      }),
    )
}

function addFlags(command: Command): Command {
  return command
    .option('--operator <name>', 'from this operator only')
    .option('--limit <rows>', 'number of rows', '50')
    .option('--json', 'as JSON')
}

function filterOf({ operator, limit }: ReceivedFlags): ReceivedFilter {
  return { operator: operator ?? null, rowsMax: wholeNumber(limit, '--limit') }
}
