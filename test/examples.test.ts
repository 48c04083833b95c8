import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { type DraftRules, draftMessage } from '../src/accept/draft-message.ts'
import { type CampaignRow, inspectCampaign, readCampaign } from '../src/cli/campaign/read-campaign.ts'
import type { MessageDraft } from '../src/domain/accept.ts'
import { createSecret } from '../src/webhooks/sign.ts'

const EXAMPLES = join(import.meta.dirname, '../examples')
const CAMPAIGN = join(EXAMPLES, 'campaign.csv')

/**
 * Numbers that regulators reserve for fiction: Ofcom 07700 900000 to 900999, ARCEP 06 39 98, NANPA 555-0100 to 555-0199,
 * PTS 070-174 06 05 to 06 99.
 */
const FICTITIOUS = /^\+(447700900\d{3}|33639980\d{3}|1\d{3}55501\d\d|467017406(0[5-9]|[1-9]\d))$/

test('each of the 1,000 rows of the campaign is accepted by the rules of the API, and no number has an owner', async () => {
  const rows: CampaignRow[] = []
  for await (const row of readCampaign(CAMPAIGN)) rows.push(row)
  expect(rows.filter(({ fault }) => fault !== null)).toEqual([])
  expect((await inspectCampaign(CAMPAIGN)).rows).toBe(1_000)
  const rules: DraftRules = {
    route: ({ sender }) => ({ operator: 'o', price: 1, why: 'o', mccMnc: null, sender }),
    segmentsMax: 10,
    expressAllowed: true,
    sendAheadDaysMax: 30,
  }
  const drafts = rows.map(({ message }): MessageDraft => draftMessage(message!, rules, Date.now()))
  expect(drafts.map(({ phone }) => phone).filter((phone) => !FICTITIOUS.test(phone))).toEqual([])
  expect(new Set(drafts.map(({ clientRef }) => clientRef)).size).toBe(1_000)
  // It shows what a file may have.
  const has = (holds: (draft: MessageDraft) => boolean): boolean => drafts.filter(holds).length >= 10
  expect(new Set(drafts.map(({ priority }) => priority))).toEqual(new Set([0, 1, 2, 3]))
  expect(new Set(drafts.map(({ encoding }) => encoding)).size).toBeGreaterThanOrEqual(2)
  expect(has(({ segments }) => segments > 1)).toBe(true)
  expect(has(({ text }) => text.includes('\n'))).toBe(true)
  expect(has(({ text }) => text.includes('"'))).toBe(true)
  expect(has(({ sender }) => sender === null)).toBe(true)
  expect(has(({ validUntilMs }) => validUntilMs !== null)).toBe(true)
})

interface Receiver {
  readonly url: string
  post(body: string, headers: Record<string, string>): Promise<number>
  stop(): Promise<void>
}

async function startReceiver(secret: string, file: string): Promise<Receiver> {
  const child = spawn(process.execPath, [join(EXAMPLES, 'webhook-receiver.mjs'), '0'], {
    env: { WEBHOOK_SECRET: secret, EVENTS_FILE: file },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill()
    await exited
  }
  onTestFinished(stop)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const url = line.toString().replace('listening on ', '').trim()
  const post = async (body: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(url, { method: 'POST', body, headers })).status
  return { url, post, stop }
}

function temporaryFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-example-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, name)
}

/** The headers of an event, by another implementation of Standard Webhooks. */
function signedHeaders(secret: string, id: string, body: string, at = new Date()): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
}

test('the receiver stores a signed event once, also when it arrives twice at once and after a restart', async () => {
  const secret = createSecret()
  const path = temporaryFile('events.ndjson')
  const first = await startReceiver(secret, path)
  const body = '{"type":"message.delivered","data":{"sms_id":1}}'
  const headers = signedHeaders(secret, 'e1', body)
  expect(await Promise.all([1, 2, 3].map(() => first.post(body, headers)))).toEqual([204, 204, 204])
  expect(readFileSync(path, 'utf8')).toBe(`{"id":"e1",${body.slice(1)}\n`)
  await first.stop()
  // As after a crash in the middle of a write.
  writeFileSync(path, '{"id":"e2","ty', { flag: 'a' })
  const second = await startReceiver(secret, path)
  expect(await second.post(body, headers)).toBe(204)
  expect(await second.post(body, signedHeaders(secret, 'e2', body))).toBe(204)
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines).toEqual([`{"id":"e1",${body.slice(1)}`, '{"id":"e2","ty', `{"id":"e2",${body.slice(1)}`, ''])
})

test('the receiver refuses what is not signed with its secret, has another body or id, is old, or is too large', async () => {
  const secret = createSecret()
  const path = temporaryFile('events.ndjson')
  const { post } = await startReceiver(secret, path)
  const body = '{"type":"message.sent"}'
  const good = signedHeaders(secret, 'e1', body)
  const refused: Record<string, [string, Record<string, string>]> = {
    'another secret': [body, signedHeaders(createSecret(), 'e1', body)],
    'another body': ['{"type":"message.failed"}', good],
    'another id': [body, { ...good, 'webhook-id': 'e2' }],
    'no signature': [body, {}],
    'half a signature': [body, { ...good, 'webhook-signature': good['webhook-signature']!.slice(0, 20) }],
    'another version': [body, { ...good, 'webhook-signature': good['webhook-signature']!.replace('v1,', 'v1a,') }],
    old: [body, signedHeaders(secret, 'e1', body, new Date(Date.now() - 600_000))],
  }
  for (const [what, [sent, headers]] of Object.entries(refused)) expect(await post(sent, headers), what).toBe(401)
  const large = JSON.stringify({ text: 'x'.repeat(70_000) })
  expect(await post(large, signedHeaders(secret, 'e3', large))).toBe(413)
  expect(readFileSync(path, 'utf8')).toBe('')
  const several = { ...good, 'webhook-signature': `v1,AAAA v2,x ${good['webhook-signature']}` }
  expect(await post(body, several)).toBe(204)
})
