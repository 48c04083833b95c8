import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { readPublicKey, readTrustedKeys } from '../../audit/anchor-key.ts'
import { verifyAuditLog } from '../../audit/verify-log.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { isWhole, type LogVerdict, verifyLogs } from '../../tools/audit/verify-logs.ts'
import { printJson } from '../terminal/print-table.ts'
import { auditArchiveCommand } from './audit-archive-command.ts'
import { auditKeyCommand } from './audit-key-command.ts'
import { auditFolder, auditKeyFile, readAnchorSources } from './audit-sources.ts'

interface VerifyOptions {
  readonly archive?: string
  readonly publicKey?: string[]
  readonly partial?: true
  readonly anchors: boolean
  readonly json?: true
}

/** `smsgw audit verify|archive|key` */
export function auditCommand(program: Command, done: (exitCode: number) => void): void {
  const audit = program.command('audit').description('verify and archive the audit log')
  verifyCommand(audit, done)
  auditArchiveCommand(audit)
  auditKeyCommand(audit)
}

function verifyCommand(audit: Command, done: (exitCode: number) => void): void {
  audit
    .command('verify')
    .description('verify the audit log against its signed anchors')
    .argument('[folder...]', 'logs, one for each audit process (default: the one of the data folder)')
    .option('--archive <folder>', 'verify archived days as well')
    .option(
      '--public-key <file...>',
      'trust these keys only (default: the public half of AUDIT_KEY_FILE, and of keys before it)',
    )
    .option('--partial', 'accept that other chains are anchored whose folders are not given')
    .option('--no-anchors', 'verify the chain alone: a cut tail or a rewritten chain is not found')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nAnchors are read from PostgreSQL and Kafka, as far as they can be reached, and from the archive.

Examples:
  $ smsgw audit verify
  $ smsgw audit verify --archive /mnt/archive --public-key audit-public.pem
  $ smsgw audit verify /var/lib/smsgw/audit-1 /var/lib/smsgw/audit-2 --json

Exit code 0 if everything is whole, 1 if not.`,
    )
    .action(async (folders: string[], options: VerifyOptions) => {
      for (const path of [...(options.publicKey ?? []), options.archive ?? []].flat()) {
        if (!existsSync(path)) throw new ExpectedError(`${path} does not exist`)
      }
      const named = folders.length > 0 ? folders : [auditFolder()]
      const missing = named.find((folder) => !existsSync(folder))
      // With an archive alone, as an auditor has it, there need not be a log.
      if (missing !== undefined && (folders.length > 0 || options.archive === undefined)) {
        throw new ExpectedError(`${missing} does not exist: name the folder of the audit log`)
      }
      const logs = named.filter((folder) => existsSync(folder))
      done(options.anchors ? await verifyAnchored(logs, options) : await verifyChains(logs, options))
    })
}

async function verifyAnchored(folders: readonly string[], options: VerifyOptions): Promise<number> {
  const archive = options.archive ?? null
  const publicKeys = trustedKeys(options)
  const { sources, notices } = await readAnchorSources(archive)
  if (sources.every(({ texts }) => texts.length === 0)) {
    throw new ExpectedError(
      `There are no anchors to verify against. ${notices.join('. ')}. ` +
        'Set DATABASE_URL or KAFKA_BROKERS, or add --no-anchors to verify the chain alone.',
    )
  }
  const verdict = await verifyLogs({
    ...{ folders, archive, sources, publicKeys, progress },
    isPartial: options.partial ?? false,
  })
  endProgress()
  const ok = isWhole(verdict)
  if (options.json) {
    printJson({ ok, ...verdict, notices })
    return ok ? EXIT.done : EXIT.failed
  }
  for (const log of verdict.logs) printLog(log)
  for (const fault of verdict.faults) console.log(`Not whole: ${fault}`)
  for (const notice of notices) console.error(notice)
  return ok ? EXIT.done : EXIT.failed
}

async function verifyChains(folders: readonly string[], { json }: VerifyOptions): Promise<number> {
  const logs: LogVerdict[] = []
  for (const folder of folders) logs.push({ folder, ...(await verifyAuditLog(folder, { progress })) })
  endProgress()
  const ok = logs.every(({ fault }) => fault === null)
  if (json) printJson({ ok, logs, notices: ['no anchors were compared'] })
  else for (const log of logs) printLog(log)
  return ok ? EXIT.done : EXIT.failed
}

function printLog({ folder, chain, entries, files, head, anchored, unanchored, notices, fault }: LogVerdict): void {
  const where = fault?.file ?? folder
  if (fault) console.log(`Not whole: ${where}: line ${fault.line} ${fault.what}`)
  else console.log(`Whole: ${folder}: ${entries} lines in ${files} files, chain ${chain ?? '-'}, head ${head}`)
  const last = anchored ? `the last anchor covers line ${anchored.lines}, ${anchored.at}` : 'no anchor was compared'
  console.log(`  ${last}; ${unanchored.lines} lines since the last anchor, ${unanchored.seconds} seconds`)
  for (const notice of notices) console.log(`  ${notice}`)
}

function trustedKeys({ publicKey }: VerifyOptions): KeyObject[] {
  if (publicKey) return publicKey.map(readPublicKey)
  if (existsSync(auditKeyFile())) return readTrustedKeys(auditKeyFile())
  throw new ExpectedError(`${auditKeyFile()} does not exist: name the public key with --public-key`)
}

function progress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} lines`)
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}
