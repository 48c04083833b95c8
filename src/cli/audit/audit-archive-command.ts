import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { privateFolder } from '../../runtime/private-folder.ts'
import { archiveLog } from '../../tools/audit/archive-log.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { withCluster, withWritableDatabase } from '../find-servers.ts'
import { printJson } from '../terminal/print-table.ts'
import { auditFolder, auditKeyFile, readAnchorSources } from './audit-sources.ts'

interface ArchiveOptions {
  readonly before: string
  readonly to: string
  readonly by?: string
  readonly json?: true
}

/** `smsgw audit archive` */
export function auditArchiveCommand(audit: Command): void {
  audit
    .command('archive')
    .description('move whole days of the audit log with their anchors into an archive')
    .argument('[folder]', 'the log (default: the one of the data folder)')
    .requiredOption('--before <date>', 'move the days before this one (UTC), as in 2026-11-01')
    .requiredOption('--to <folder>', 'the archive; each log has a folder of its own in it')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nThe log is verified first, and nothing is moved unless it is whole and the days are anchored. Archiving that was
broken off goes on when it is run again.

Examples:
  $ smsgw audit archive --before 2026-11-01 --to /mnt/archive
  $ smsgw audit verify --archive /mnt/archive`,
    )
    .action(async (folder: string | undefined, { before, to, json, ...options }: ArchiveOptions) => {
      if (!/^\d{4}-\d\d-\d\d$/.test(before) || Number.isNaN(Date.parse(before))) {
        throw new ExpectedError(`--before must be a date, as in 2026-11-01, not "${before}"`)
      }
      const log = folder ?? auditFolder()
      if (!existsSync(log)) throw new ExpectedError(`${log} does not exist: name the folder of the audit log`)
      privateFolder(to)
      const { sources } = await readAnchorSources(to)
      const request = { folder: log, archive: to, beforeDay: before, keyFile: auditKeyFile(), sources }
      const days = await withWritableDatabase((pool) =>
        withCluster((cluster) => archiveLog(pool, cluster, request, actorOf(options))),
      )
      if (json) return printJson({ folder: log, archive: to, days })
      console.log(days.length === 0 ? 'Nothing to move.' : `Moved ${days.length} days: ${days[0]} to ${days.at(-1)}.`)
    })
}
