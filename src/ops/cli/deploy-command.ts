import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { writeStateFile } from '../../runtime/write-state-file.ts'
import { gatewaySettings } from '../../settings.ts'
import { accessByRole } from '../deploy/access-by-role.ts'
import { generatedFiles } from '../deploy/generated-files.ts'
import { readTopicsFile } from '../topics/topics-file.ts'
import { printJson, printTable } from './print-table.ts'

const ROOT = join(import.meta.dirname, '../../..')
const DIFFERENT = 2
/** As the other files of the source. */
const PUBLIC = 0o644

/** `smsgw deploy generate` and `smsgw deploy access` */
export function deployCommand(program: Command, done: (exitCode: number) => void): void {
  const deploy = program.command('deploy').description('the files of deploy/')
  deploy
    .command('generate')
    .description('write those that come from code and from config/topics.yaml. Exit code with --check: 0 same, 2 not')
    .option('--check', 'only say which differ')
    .action(({ check }: { check?: true }) => {
      for (const [path, content] of generatedFiles(readTopicsFile(gatewaySettings.TOPICS_FILE.fallback))) {
        const file = join(ROOT, path)
        if (existsSync(file) && readFileSync(file, 'utf8') === content) continue
        console.log(`${path} ${check ? 'differs: run smsgw deploy generate' : 'is written'}`)
        if (check) {
          done(DIFFERENT)
          continue
        }
        mkdirSync(dirname(file), { recursive: true })
        writeStateFile(file, content, PUBLIC)
      }
    })
  deploy
    .command('access')
    .description('what the account of each role may do in Kafka: the ACLs to set where Strimzi does not')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) => {
      const rows = [...accessByRole()].flatMap(([account, access]) => access.map((each) => ({ account, ...each })))
      if (json) return printJson(rows)
      printTable(
        ['ACCOUNT', 'TYPE', 'NAME', 'OPERATIONS'],
        rows.map(({ account, type, name, operations }) => [account, type, name || '(all)', operations.join()]),
      )
    })
}
