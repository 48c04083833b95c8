import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startBenchGateway } from '../../bench/bench-gateway.ts'
import { CampaignSender } from '../../src/cli/campaign/send-campaign.ts'
import { isTaken } from '../../src/simulator/behaviour.ts'
import { readLedger } from '../../src/simulator/submission-ledger.ts'
import { sendMessages } from '../servers/send-messages.ts'

const MESSAGES = Number(process.env.ORDER_MESSAGES || 1_200)
const PHONES = 40
const LONG_SHARE = 10

test('a tenth throttled, a twentieth failing for now: no two messages to one phone overtake each other', async () => {
  const env = {
    SIMULATOR_THROTTLED_SHARE: '0.1',
    SIMULATOR_TEMPORARY_SHARE: '0.05',
    SIMULATOR_LATENCY_MS: '5',
    // A second failure defers the task, and with it those that follow to its phone; most are skipped before that.
    DELIVERY_RETRY_MS_FIRST: '500',
    DELIVERY_DEFER_MS: '1000',
    DELIVERY_CUSTOMER_TASKS_MAX: '100',
  }
  const webhooks = { customers: 0, url: '' }
  const { gateway, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 1, webhooks, env })
  const sender = new CampaignSender({ api: gateway.servers.api, apiKey: apiKeys[0]!, name: 'order' })
  try {
    const messages = Array.from({ length: MESSAGES }, (_, index) => ({
      to: `+98912${1_000_000 + (index % PHONES)}`,
      text: index % LONG_SHARE === 0 ? 'a long one '.repeat(40) : `message ${index}`,
    }))
    const { smsIds } = await sendMessages(sender, messages)
    const finals = await sender.awaitFinal(smsIds, 200_000, () => {})
    const statuses = new Set(finals.values())
    statuses.delete('failed')
    expect(statuses).toEqual(new Set(['delivered']))
    const phoneOf = new Map(smsIds.map((smsId, index) => [smsId, messages[index]!.to]))
    const { overtaken, refused } = await readOrder(join(gateway.dataFolder, 'simulator', 'ledger.ndjson'), phoneOf)
    expect(overtaken).toEqual([])
    expect(refused).toBeGreaterThan(MESSAGES / 20)
  } finally {
    await sender.close()
    await stop()
  }
})

/**
 * Messages of which a part was taken before one to the same phone that was accepted earlier, and how many were refused.
 */
async function readOrder(ledger: string, phoneOf: ReadonlyMap<number, string>) {
  const lastOf = new Map<string, number>()
  const overtaken: string[] = []
  let refused = 0
  for await (const entry of readLedger(ledger)) {
    if (entry.kind !== 'submit') continue
    if (!isTaken(entry.result)) {
      refused++
      continue
    }
    const smsId = Number(entry.ref!.split('.')[0])
    const phone = phoneOf.get(smsId)!
    const last = lastOf.get(phone) ?? 0
    if (smsId < last) overtaken.push(`${last} overtook ${smsId}`)
    lastOf.set(phone, Math.max(last, smsId))
  }
  return { overtaken, refused }
}
