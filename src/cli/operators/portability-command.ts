import { basename } from 'node:path'
import type { Command } from 'commander'
import { importPorted } from '../../tools/operators/import-ported.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { changeDatabase } from '../find-servers.ts'
import type { ChangeOptions } from '../keys-command.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'

/** `smsgw portability …` */
export function portabilityCommand(program: Command): void {
  const portability = program.command('portability').description('manage ported numbers')
  portability
    .command('import')
    .description('read ported numbers from a CSV file with the columns phone and mcc_mnc, all or nothing')
    .argument('<file>', 'CSV', inputFile)
    .option('--replace', 'remove the numbers that the file lacks')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nThey are looked up where PORTABILITY=table says so, if some route asks for mcc_mnc.

Example:
  $ smsgw portability import ported.csv --replace`,
    )
    .action(async (file: string, options: ChangeOptions & { replace?: true }) => {
      const replace = options.replace === true
      const imported = await changeDatabase(actorOf(options), async (connection) => {
        const numbers = await importPorted(connection, file, replace)
        return {
          act: { act: 'portability.imported', subject: basename(file), details: { numbers, replace } },
          result: numbers,
        }
      })
      if (options.json) return printJson({ imported })
      console.log(`Imported ${imported} numbers.`)
    })
}
