import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const EXAMPLES = join(ROOT, 'examples')
const NUMBER = '+447700900123'
/** With what a sender has to escape. */
const TEXT = 'Hello "you" \\ and سلام\nagain'
const SENDERS: Readonly<Record<string, readonly string[]>> = {
  'send.mjs': [process.execPath, join(EXAMPLES, 'send.mjs')],
  'send.py': ['python3', join(EXAMPLES, 'send.py')],
  'send.sh': ['sh', join(EXAMPLES, 'send.sh')],
}

let running: BenchGateway
let receiver: ChildProcess
let eventsFile: string
let endpointId: string

beforeAll(async () => {
  running = await startBenchGateway({ brokers: 1, customers: 0, webhooks: { customers: 0, url: '' } })
  eventsFile = join(running.gateway.dataFolder, 'events.ndjson')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/events`
  const created = await smsgw<{ endpoint_id: string; secret: string }>('webhooks', 'create', 'demo', url)
  endpointId = created.endpoint_id
  receiver = spawn(process.execPath, [join(EXAMPLES, 'webhook-receiver.mjs'), String(port)], {
    env: { WEBHOOK_SECRET: created.secret, EVENTS_FILE: eventsFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(receiver.stdout!, 'data')
})

afterAll(async () => {
  receiver?.kill()
  await running.stop()
})

async function smsgw<T>(...args: string[]): Promise<T> {
  const env = { ...process.env, SMSGW_DATA: running.gateway.dataFolder, WEBHOOK_ALLOW_PRIVATE: 'yes' }
  const { stdout } = await run(process.execPath, [join(ROOT, 'src/main.ts'), ...args, '--json'], { env })
  return JSON.parse(stdout) as T
}

/** Ids of the messages of which the receiver has stored an event of this type, as often as it has. */
function messagesWith(type: string): number[] {
  const lines = existsSync(eventsFile) ? readFileSync(eventsFile, 'utf8').split('\n').filter(Boolean) : []
  const events = lines.map((line) => JSON.parse(line) as { type: string; data: { sms_id: number } })
  return events.filter((event) => event.type === type).map(({ data }) => data.sms_id)
}

async function send(sender: string, key: string): Promise<{ sms_id: number; status: string }> {
  const { api, api_key } = running.gateway.servers
  const [command, ...args] = SENDERS[sender]!
  const env = { PATH: process.env.PATH, SMSGW_API: api, SMSGW_API_KEY: api_key }
  const { stdout } = await run(command!, [...args, NUMBER, TEXT, key], { env })
  return JSON.parse(stdout) as { sms_id: number; status: string }
}

test.each(Object.keys(SENDERS))(
  '%s sends its text once, however often it runs, and the receiver learns of it',
  async (sender) => {
    const first = await send(sender, `order-of-${sender}`)
    expect(first.status).toBe('accepted')
    expect(await send(sender, `order-of-${sender}`)).toEqual(first)
    const { rows } = await running.pool.query<{ sms_id: number; text: string }>(
      'SELECT sms_id, text FROM messages WHERE phone = $1 ORDER BY sms_id DESC LIMIT 1',
      [NUMBER],
    )
    expect(rows).toEqual([{ sms_id: first.sms_id, text: TEXT }])
    await eventually(
      'the receiver has stored that the message was delivered',
      () => messagesWith('message.delivered'),
      (smsIds) => smsIds.includes(first.sms_id),
    )
  },
)

test.each(Object.keys(SENDERS))('%s ends with an error, and the refusal, when its key is not valid', async (sender) => {
  const { api } = running.gateway.servers
  const [command, ...args] = SENDERS[sender]!
  const env = { PATH: process.env.PATH, SMSGW_API: api, SMSGW_API_KEY: 'sg_live_none' }
  const refused = await run(command!, [...args, NUMBER, TEXT, 'k'], { env }).catch((failed) => failed)
  expect(refused.code).toBeGreaterThan(0)
  expect(JSON.parse(refused.stdout)).toMatchObject({ code: 'unauthorized' })
})

/** The listings of a language in a guide, with this message and this endpoint in them. */
function listingsOf(guide: string, language: string, smsId: number): string[] {
  const text = readFileSync(join(ROOT, 'docs/guides', guide), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code]) =>
    code!
      .replaceAll('SMS_ID', String(smsId))
      .replaceAll(/we_[\w-]{12}/g, endpointId)
      .replaceAll('http://127.0.0.1:8080', running.gateway.servers.api)
      .replaceAll('npx smsgw', `${process.execPath} ${join(ROOT, 'src/main.ts')}`),
  )
}

test('the guide to what became of a message: each of its queries and commands works, and they find the message', async () => {
  const { sms_id: smsId } = await send('send.mjs', 'guide')
  await eventually(
    'the message is delivered',
    () => messagesWith('message.delivered'),
    (smsIds) => smsIds.includes(smsId),
  )
  const guide = 'what-became-of-a-message.md'
  const queries = listingsOf(guide, 'sql', smsId)
  expect(queries.length).toBeGreaterThanOrEqual(2)
  for (const query of queries) expect((await running.pool.query(query)).rows.length, query).toBeGreaterThan(0)
  const env = { ...process.env, SMSGW_DATA: running.gateway.dataFolder, SMSGW_API_KEY: running.gateway.servers.api_key }
  const printed: string[] = []
  for (const script of listingsOf(guide, 'sh', smsId)) printed.push((await run('sh', ['-euc', script], { env })).stdout)
  expect(printed.length).toBeGreaterThanOrEqual(5)
  expect(printed.filter((text) => text.includes(String(smsId))).length).toBeGreaterThanOrEqual(2)
  expect(printed.join('')).toContain('"status":"delivered"')
})
