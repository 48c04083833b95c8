import type { Command } from 'commander'
import { isFinal, type Status } from '../../domain/status.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readCampaign } from '../campaign/read-campaign.ts'
import { type CampaignResult, CampaignSender } from '../campaign/send-campaign.ts'
import { findApi, findApiKey } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'
import { ProgressBar } from './progress-bar.ts'

interface SendOptions {
  readonly file: string
  readonly sendAt?: string
  readonly validFor?: string
  readonly again?: true
  readonly wait: boolean
  readonly waitSeconds: string
  readonly json?: true
}

const REFUSALS_SHOWN = 10

/** `smsgw send --file FILE` */
export function sendCommand(program: Command): void {
  program
    .command('send')
    .description('send the messages of a CSV file, and wait for what becomes of them')
    .requiredOption(
      '-f, --file <path>',
      'CSV with the columns to, text, and if wanted from, client_ref, priority, send_at, valid_for',
    )
    .option('--send-at <time>', 'when to send them, as in 2026-11-24T09:30:00+03:30; lines may say otherwise')
    .option('--valid-for <seconds>', 'after which they are not worth sending any more; lines may say otherwise')
    .option('--again', 'send a file that was sent before; otherwise its messages are not charged twice')
    .option('--no-wait', 'return when all is accepted; with --send-at it always does')
    .option('--wait-seconds <n>', 'how long to wait for final statuses', '300')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      `\nThe API is SMSGW_API with the key SMSGW_API_KEY, or that of the \`smsgw up\` that runs here.\n\nExample:
  $ smsgw send --file examples/campaign.csv`,
    )
    .action(send)
}

async function send(options: SendOptions): Promise<void> {
  const { messages, fingerprint } = readCampaign(options.file, options)
  const name = `send-${fingerprint}${options.again ? `-${Date.now()}` : ''}`
  const sender = new CampaignSender({ api: findApi(), apiKey: findApiKey(), name })
  try {
    const posting = new ProgressBar('accepted', messages.length)
    const result = await sender.send(messages, (done) => posting.update(done))
    posting.end()
    const statuses =
      options.wait && options.sendAt === undefined
        ? await follow(sender, result, Number(options.waitSeconds))
        : new Map()
    report(options, result, statuses)
  } finally {
    await sender.close()
  }
}

async function follow(
  sender: CampaignSender,
  { smsIds }: CampaignResult,
  seconds: number,
): Promise<Map<number, Status>> {
  if (!(seconds > 0)) throw new ExpectedError('--wait-seconds must be a number above 0')
  const bar = new ProgressBar('final   ', smsIds.length)
  const statuses = await sender.awaitFinal(smsIds, seconds * 1_000, (known) => {
    let done = 0
    for (const status of known.values()) if (isFinal(status)) done++
    bar.update(done)
  })
  bar.end()
  return statuses
}

function report(options: SendOptions, result: CampaignResult, statuses: ReadonlyMap<number, Status>): void {
  const counts: Record<string, number> = {}
  for (const status of statuses.values()) counts[status] = (counts[status] ?? 0) + 1
  const { smsIds, cost, refusals } = result
  if (options.json) {
    printJson({ accepted: smsIds.length, refused: refusals.length, cost, statuses: counts, refusals })
    return
  }
  printTable(['', 'MESSAGES'], [['accepted', smsIds.length], ['refused', refusals.length], ...Object.entries(counts)])
  console.log(`Cost: ${cost} in the currency's minor unit`)
  for (const { index, code, detail } of refusals.slice(0, REFUSALS_SHOWN)) {
    console.log(`Line ${index + 2}: ${code}: ${detail}`)
  }
  if (refusals.length > REFUSALS_SHOWN) console.log(`… and ${refusals.length - REFUSALS_SHOWN} more refused`)
}
