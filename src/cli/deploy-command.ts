import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { gatewaySettings } from '../process/settings.ts'
import { EXIT } from '../runtime/exit-codes.ts'
import { IS_PACKAGE, packageFile } from '../runtime/package-files.ts'
import { writeStateFile } from '../runtime/write-state-file.ts'
import { accessByRole } from '../tools/deploy/access-by-role.ts'
import { generatedFiles } from '../tools/deploy/generated-files.ts'
import { readTopicsFile } from '../topics/topics-file.ts'
import { printJson, printTable } from './terminal/print-table.ts'

/** A checkout's own `deploy/`; an installed package leaves its own as it is and writes into the working folder. */
const FOLDER = IS_PACKAGE ? '.' : packageFile('.')
/** As the other files of the source. */
const PUBLIC = 0o644

/** `smsgw deploy generate` and `smsgw deploy access` */
export function deployCommand(program: Command, done: (exitCode: number) => void): void {
  const deploy = program.command('deploy').description('the files of deploy/')
  deploy
    .command('generate')
    .description(
      'write the files generated from code and from config/topics.yaml; an installed package writes them below the working folder. Exit code with --check: 0 same, 2 not',
    )
    .option('--check', 'only list the files that differ')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw deploy generate\n  $ smsgw deploy generate --check')
    .action(({ check = false, json }: { check?: boolean; json?: true }) => {
      const files = writeDifferent(check)
      if (check && files.some(({ state }) => state === 'differs')) done(EXIT.found)
      if (json) return printJson(files)
      for (const { path, state } of files.filter((file) => file.state !== 'same')) {
        console.log(state === 'differs' ? `${path} differs: run smsgw deploy generate` : `${path} is written`)
      }
    })
  deploy
    .command('access')
    .description('print the Kafka ACLs of each role, to set where Strimzi does not')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw deploy access --json')
    .action(({ json }: { json?: true }) => {
      const rows = [...accessByRole()].flatMap(([account, access]) => access.map((each) => ({ account, ...each })))
      if (json) return printJson(rows)
      printTable(
        ['ACCOUNT', 'TYPE', 'NAME', 'OPERATIONS'],
        rows.map(({ account, type, name, operations }) => [account, type, name || '(all)', operations.join()]),
      )
    })
}

interface GeneratedFile {
  readonly path: string
  readonly state: 'same' | 'differs' | 'written'
}

/** Writes the files that differ from what is generated, unless they are only to be compared. */
function writeDifferent(onlyCompare: boolean): GeneratedFile[] {
  const files = generatedFiles(readTopicsFile(gatewaySettings.TOPICS_FILE.fallback))
  return [...files].map(([path, content]): GeneratedFile => {
    const file = join(FOLDER, path)
    if (existsSync(file) && readFileSync(file, 'utf8') === content) return { path, state: 'same' }
    if (onlyCompare) return { path, state: 'differs' }
    mkdirSync(dirname(file), { recursive: true })
    writeStateFile(file, content, PUBLIC)
    return { path, state: 'written' }
  })
}
