import { realpathSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import type { Status } from '../domain/status.ts'
import { cleanText } from '../domain/text/clean-text.ts'
import { EXIT } from '../runtime/exit-codes.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { CampaignTally, FOLLOWED_MAX } from './campaign/campaign-tally.ts'
import { type Campaign, inspectCampaign, readCampaign } from './campaign/read-campaign.ts'
import { RefusedFile } from './campaign/refused-file.ts'
import { CampaignSender } from './campaign/send-campaign.ts'
import { findApi, findApiKey } from './find-servers.ts'
import { inputFile } from './terminal/input-file.ts'
import { printJson, printTable } from './terminal/print-table.ts'
import { ProgressBar } from './terminal/progress-bar.ts'

interface SendOptions {
  readonly file: string
  readonly encoding?: string
  readonly sendAt?: string
  readonly validFor?: string
  readonly refused?: string
  readonly again?: string | true
  readonly wait: boolean
  readonly waitSeconds: number
  readonly json?: true
}

interface Ending {
  readonly tally: CampaignTally
  readonly rows: number
  /** Why not every row was tried; null if it was. */
  readonly stoppedBy: Error | 'interrupt' | null
  readonly statuses: ReadonlyMap<number, Status>
}

const REFUSALS_SHOWN = 10
const DETAIL_CHARS = 200

const HELP = `
The file is CSV: commas, semicolons or tabs, texts with one of them in quotation marks; its first row names the columns.
It is UTF-8, or UTF-16 with a byte order mark, unless --encoding says otherwise. A fault of its form is found before
anything is sent.

A row is sent once within 72 hours (33 days with a time to send), however often the command runs: run it again after an
interruption or a top-up, and what was not accepted is sent. --again sends the file once more, as another campaign; with a
label of your own (--again monday) that one can be finished as well. Corrected rows of --refused FILE are sent by --file FILE.

The API is SMSGW_API with the key SMSGW_API_KEY, or that of the \`smsgw up\` that runs here.

Exit code: 0 every row was accepted, now or before; 3 some were refused; 1 none was accepted, or it failed; 130 interrupted.

Examples:
  $ smsgw send --file examples/campaign.csv
  $ smsgw send --file export.csv --encoding windows-1256 --refused refused.csv --no-wait
  $ smsgw send --file examples/campaign.csv --send-at 2026-11-24T09:30:00+03:30 --json`

/** `smsgw send --file FILE` */
export function sendCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('send')
    .description('send the messages of a CSV file, and wait for their final statuses')
    .requiredOption(
      '-f, --file <path>',
      'CSV with the columns to, text, and optionally from, client_ref, priority, send_at, valid_for',
      inputFile,
    )
    .option('--encoding <label>', 'encoding of the file, such as windows-1252, windows-1256, iso-8859-9, utf-16le')
    .option('--send-at <time>', 'time to send, as in 2026-11-24T09:30:00+03:30; a row may override it')
    .option('--valid-for <seconds>', 'validity period in seconds; a row may override it')
    .option('--refused <path>', 'write refused rows to this file, with their line, code and reason')
    .option('--again [label]', 'send the same file once more, or finish the run of that label')
    .option('--no-wait', 'return when all is accepted; with --send-at it always does')
    .option('--wait-seconds <n>', 'how long to wait for final statuses', positiveNumber, 300)
    .option('--json', 'the result as JSON')
    .addHelpText('after', HELP)
    .action(async (options: SendOptions) => done(await send(options)))
}

async function send(options: SendOptions): Promise<number> {
  if (options.refused !== undefined && isSameFile(options.refused, options.file)) {
    throw new ExpectedError('--refused would overwrite --file; name another file.')
  }
  const campaign = await inspectCampaign(options.file, options)
  const name = nameOf(options, campaign)
  const sender = new CampaignSender({ api: findApi(), apiKey: findApiKey(), name })
  const refusedFile = options.refused === undefined ? null : new RefusedFile(options.refused, campaign.columns)
  const tally = new CampaignTally()
  try {
    const stoppedBy = await sendAll(sender, options, campaign, tally, refusedFile)
    const follows = options.wait && options.sendAt === undefined && stoppedBy === null
    const statuses = follows ? await follow(sender, tally, options.waitSeconds) : new Map<number, Status>()
    return report(options, { tally, rows: campaign.rows, stoppedBy, statuses })
  } finally {
    refusedFile?.close()
    await sender.close()
  }
}

function nameOf({ again }: SendOptions, { fingerprint }: Campaign): string {
  if (again === undefined) return `send-${fingerprint}`
  const label = again === true ? Date.now().toString(36) : again
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(label)) {
    throw new ExpectedError('The label of --again has 1 to 64 letters, digits, - or _.')
  }
  if (again === true) console.error(`To finish this one if it is interrupted: --again ${label}`)
  return `send-${fingerprint}-${label}`
}

/** Sends until all is done, it fails, or Ctrl-C; returns which. A second Ctrl-C ends the process. */
async function sendAll(
  sender: CampaignSender,
  options: SendOptions,
  { rows }: Campaign,
  tally: CampaignTally,
  refusedFile: RefusedFile | null,
): Promise<Ending['stoppedBy']> {
  const bar = new ProgressBar('sent    ', rows)
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    await sender.send(
      readCampaign(options.file, options),
      (row, result) => {
        tally.add(row, result)
        if (result.kind === 'refused') refusedFile?.add(row, result.code, result.detail)
        bar.update(tally.settled, `${tally.accepted + tally.acceptedBefore} accepted, ${tally.refused} refused`)
      },
      stop.signal,
    )
    return stop.signal.aborted ? 'interrupt' : null
  } catch (error) {
    if (error instanceof ExpectedError) return error
    throw error
  } finally {
    process.off('SIGINT', interrupt)
    bar.end()
  }
}

async function follow(
  sender: CampaignSender,
  { smsIds }: CampaignTally,
  seconds: number,
): Promise<Map<number, Status>> {
  if (smsIds.length === FOLLOWED_MAX) console.error(`The first ${FOLLOWED_MAX} messages are followed, no more.`)
  const bar = new ProgressBar('final   ', smsIds.length)
  const statuses = await sender.awaitFinal(smsIds, seconds * 1_000, (finalMessages) => bar.update(finalMessages))
  bar.end()
  return statuses
}

/** Prints what became of the campaign. Returns the exit code. */
function report(options: SendOptions, { tally, rows, stoppedBy, statuses }: Ending): number {
  const counts: Record<string, number> = {}
  for (const status of statuses.values()) counts[status] = (counts[status] ?? 0) + 1
  const { accepted, acceptedBefore, refused, cost, refusedByCode, refusals } = tally
  const notTried = rows - tally.settled
  const fault = stoppedBy instanceof Error ? stoppedBy.message : stoppedBy
  const exitCode = exitCodeOf(tally, stoppedBy)
  if (options.json) {
    const summary = { rows, accepted, accepted_before: acceptedBefore, refused, not_tried: notTried, cost }
    printJson({ ...summary, stopped_by: fault, refused_by_code: refusedByCode, statuses: counts, refusals })
    return exitCode
  }
  const lines: [string, number][] = [['accepted', accepted]]
  if (acceptedBefore > 0) lines.push(['accepted before', acceptedBefore])
  lines.push(['refused', refused])
  if (notTried > 0) lines.push(['not tried', notTried])
  printTable(['', 'MESSAGES'], [...lines, ...Object.entries(counts)])
  console.log(`Cost: ${cost} in the currency's minor unit`)
  for (const { line, code, detail } of refusals.slice(0, REFUSALS_SHOWN)) {
    console.log(`Line ${line}: ${code}: ${cleanText(detail, DETAIL_CHARS)}`)
  }
  if (refused > REFUSALS_SHOWN) console.log(`… and ${refused - REFUSALS_SHOWN} more refused`)
  if (refused > 0 && options.refused !== undefined) console.log(`Refused rows: ${options.refused}`)
  if (fault !== null) console.error(fault === 'interrupt' ? 'Interrupted.' : fault)
  if (notTried > 0) console.error('Run the same command again to send the rest; what was accepted is not sent twice.')
  return exitCode
}

function exitCodeOf({ accepted, acceptedBefore, refused }: CampaignTally, stoppedBy: Ending['stoppedBy']): number {
  if (stoppedBy === 'interrupt') return EXIT.interrupted
  if (stoppedBy || accepted + acceptedBefore === 0) return EXIT.failed
  return refused > 0 ? EXIT.partly : EXIT.done
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    return false
  }
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}
