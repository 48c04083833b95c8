import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { verifyAuditLog } from '../../audit/verify-log.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { EXIT } from './exit-codes.ts'
import { printJson } from './print-table.ts'

/** `smsgw audit verify` */
export function auditCommand(program: Command, done: (exitCode: number) => void): void {
  const audit = program.command('audit').description('the audit log')
  audit
    .command('verify')
    .description('check that nobody changed the log: exit code 0 if it is whole, 1 if not')
    .argument('[folder]', 'the log; that of the data folder if not given')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw audit verify\n  $ smsgw audit verify /var/lib/smsgw/audit --json')
    .action(async (given: string | undefined, { json }: { json?: true }) => {
      const folder = given ?? (process.env.AUDIT_FOLDER || join(process.env.SMSGW_DATA || '.smsgw', 'audit'))
      if (!existsSync(folder)) throw new ExpectedError(`${folder} is not there: name the folder of the audit log`)
      const verdict = await verifyAuditLog(folder, (entries) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${entries} entries`)
      })
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
      done(verdict.fault ? EXIT.failed : EXIT.done)
      if (json) return printJson({ ok: verdict.fault === null, ...verdict })
      const { entries, files, head, fault } = verdict
      if (fault) console.log(`${fault.file}:${fault.line}: this line ${fault.what}`)
      else console.log(`Whole: ${entries} entries in ${files} files; the last hash is ${head}`)
    })
}
