import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CampaignSender } from '../../src/cli/campaign/send-campaign.ts'
import { decodeSteps } from '../../src/domain/timeline-steps.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { kafkaOf } from '../../src/process/servers/servers-file.ts'
import { isTaken } from '../../src/simulator/behaviour.ts'
import { readLedger } from '../../src/simulator/submission-ledger.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'
import { readTopic } from '../servers/read-topic.ts'
import { sendMessages } from '../servers/send-messages.ts'

/** Connections that the operator cuts between taking a message and answering. By hand: AMBIGUITY_CUTS=1000. */
const CUTS = Number(process.env.AMBIGUITY_CUTS || 25)
const CUT_SHARE = 0.2
const TIMEOUT_MS = 240_000 + CUTS * 500
const LIMIT = { timeout: TIMEOUT_MS }
const LONG_SHARE = 5

/** An operator whose connections are cut again and again; each takes a few messages at once. */
function operators(onAmbiguous: 'hold' | 'resend'): string {
  const smpp = `{address: embedded, system_id: smsgw, reference_tlv: 0x1501, binds: 4, reconnect_ms_first: 10, reconnect_ms_max: 50}`
  const rules = `window: 8, response_timeout_ms: 10000, on_ambiguous: ${onAmbiguous}, resends_max: 10, resend_ms_first: 100`
  return `operators:\n  cut: {connector: smpp, smpp: ${smpp}, ${rules}}\nroutes:\n  - {prefix: "", operator: cut, price: 1}\n`
}

async function startGateway(onAmbiguous: 'hold' | 'resend', sink: WebhookSink): Promise<BenchGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-ambiguity-'))
  const file = join(folder, 'operators.yaml')
  writeFileSync(file, operators(onAmbiguous))
  const gateway = await startBenchGateway({
    brokers: 1,
    customers: 1,
    webhooks: { customers: 1, url: await sink.start() },
    env: { OPERATORS_FILE: file, SIMULATOR_CUT_SHARE: String(CUT_SHARE), SIMULATOR_LATENCY_MS: '5' },
  })
  onTestFinished(async () => {
    await gateway.stop()
    await sink.stop()
    rmSync(folder, { recursive: true })
  })
  return gateway
}

/** Sends so many messages that the operator cuts CUTS connections, some of them long; returns what became of each. */
async function sendAll({ gateway, apiKeys }: BenchGateway): Promise<Map<number, string>> {
  const sender = new CampaignSender({ api: gateway.servers.api, apiKey: apiKeys[0]!, name: 'ambiguity' })
  try {
    const messages = Array.from({ length: Math.ceil((CUTS * 1.2) / CUT_SHARE) }, (_, index) => ({
      to: `+98912${1_000_000 + index}`,
      text: index % LONG_SHARE === 0 ? `${index} `.repeat(60).padEnd(320, '.') : `message ${index}`,
    }))
    const { smsIds } = await sendMessages(sender, messages)
    return await sender.awaitFinal(smsIds, TIMEOUT_MS - 60_000, () => {})
  } finally {
    await sender.close()
  }
}

/** How often the operator took each part, as `<sms_id>.<part>`, and the messages of which it cut the answer to a part. */
async function readTakes(dataFolder: string): Promise<{ times: Map<string, number>; cut: Set<number> }> {
  const times = new Map<string, number>()
  const cut = new Set<number>()
  for await (const entry of readLedger(join(dataFolder, 'simulator', 'ledger.ndjson'))) {
    if (entry.kind !== 'submit' || !isTaken(entry.result)) continue
    const smsId = Number(entry.ref!.split('.')[0])
    const part = `${smsId}.${entry.part}`
    times.set(part, (times.get(part) ?? 0) + 1)
    if (entry.result === 'taken-cut') cut.add(smsId)
  }
  return { times, cut }
}

test('hold: a message whose answer was lost ends unknown, and no part reaches the operator twice', LIMIT, async () => {
  const running = await startGateway('hold', new WebhookSink())
  const finals = await sendAll(running)
  const { times, cut } = await readTakes(running.gateway.dataFolder)
  expect(cut.size).toBeGreaterThanOrEqual(CUTS / 2)
  expect([...times].filter(([, taken]) => taken > 1)).toEqual([])
  expect([...cut].filter((smsId) => finals.get(smsId) !== 'unknown')).toEqual([])
  const { rows } = await running.pool.query<{ sms_id: number }>(
    `SELECT DISTINCT sms_id FROM attempts LEFT JOIN attempt_parts AS part USING (sms_id, attempt)
     WHERE 'ambiguous' IN (attempts.outcome, part.outcome)`,
  )
  const lost = new Set(rows.map(({ sms_id }) => sms_id))
  for (const [smsId, status] of finals) expect(status).toBe(lost.has(smsId) ? 'unknown' : 'delivered')
})

test('resend: all are delivered, each second send flagged in timeline, event and webhook', LIMIT, async () => {
  const sink = new WebhookSink()
  const running = await startGateway('resend', sink)
  const finals = await sendAll(running)
  expect(new Set(finals.values())).toEqual(new Set(['delivered']))
  const { times, cut } = await readTakes(running.gateway.dataFolder)
  expect(cut.size).toBeGreaterThanOrEqual(CUTS / 2)
  const twice = new Set([...times].filter(([, taken]) => taken > 1).map(([part]) => Number(part.split('.')[0])))
  expect(twice.size).toBeGreaterThanOrEqual(CUTS / 2)

  const { rows } = await running.pool.query<{ sms_id: number; possible_duplicate: boolean; steps: string }>(
    'SELECT sms_id, possible_duplicate, steps FROM message_states',
  )
  const states = new Map(rows.map((row) => [row.sms_id, row]))
  const cluster = new Cluster({ ...kafkaOf(running.gateway.servers), clientId: 'test' })
  onTestFinished(() => cluster.close())
  const events = (await readTopic(cluster, TOPICS.status)).map(({ value }) => JSON.parse(String(value)) as StatusEvent)
  const flagged = Map.groupBy(
    events.filter(({ possible_duplicate }) => possible_duplicate),
    ({ sms_id }) => sms_id,
  )
  const reported = Map.groupBy(sink.events.values(), ({ smsId }) => smsId)
  for (const smsId of twice) {
    const { possible_duplicate: isFlagged, steps } = states.get(smsId)!
    const statuses = new Set(flagged.get(smsId)?.map(({ status }) => status))
    expect(isFlagged).toBe(true)
    expect(decodeSteps(steps)).toContainEqual(expect.objectContaining({ status: 'sending', possible_duplicate: true }))
    for (const status of ['sending', 'sent', 'delivered'] as const) expect(statuses).toContain(status)
    expect(
      reported.get(smsId)?.some(({ status, possibleDuplicate }) => status === 'delivered' && possibleDuplicate),
    ).toBe(true)
  }
})
