import type { Command } from 'commander'
import { importPorted } from '../operators/import-ported.ts'
import { withDatabase } from './find-servers.ts'
import { inputFile } from './input-file.ts'
import { printJson } from './print-table.ts'

/** `smsgw portability …` */
export function portabilityCommand(program: Command): void {
  const portability = program.command('portability').description('numbers that have changed their network')
  portability
    .command('import')
    .description('read ported numbers from a CSV file with the columns phone and mcc_mnc, all or nothing')
    .argument('<file>', 'CSV', inputFile)
    .option('--replace', 'take out the numbers that the file does not have')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nThey are looked up where PORTABILITY=table says so, if some route asks for mcc_mnc.

Example:
  $ smsgw portability import ported.csv --replace`,
    )
    .action((file: string, { replace, json }: { replace?: true; json?: true }) =>
      withDatabase(async (pool) => {
        const imported = await importPorted(pool, file, replace === true)
        if (json) return printJson({ imported })
        console.log(`Imported ${imported} numbers.`)
      }),
    )
}
