import { join } from 'node:path'
import { expect, test } from 'vitest'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { verifyAuditLog } from '../../src/audit/verify-log.ts'
import { type CampaignMessage, readCampaign } from '../../src/cli/campaign/read-campaign.ts'
import { CampaignSender } from '../../src/cli/campaign/send-campaign.ts'
import { createClickHouse } from '../../src/clickhouse/clickhouse-client.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'
import { sendMessages } from '../servers/send-messages.ts'
import { countSources, unflaggedDuplicates } from './compare-sources.ts'

const MESSAGES = Number(process.env.CAMPAIGN_MESSAGES || 2_000)
const CUSTOMER = 'bench-0'

test('a campaign: operator, PostgreSQL, ClickHouse, ledger, webhooks and audit log agree to the message', async () => {
  const sink = new WebhookSink()
  const env = {
    SIMULATOR_TEMPORARY_SHARE: '0.05',
    SIMULATOR_REJECTED_SHARE: '0.03',
    SIMULATOR_UNDELIVERED_SHARE: '0.04',
    DELIVERY_RETRY_MS_FIRST: '100',
  }
  const webhooks = { customers: 1, url: await sink.start() }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 1, webhooks, env })
  const { api, clickhouse: url } = gateway.servers
  const clickhouse = createClickHouse({ ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: url })
  const sender = new CampaignSender({ api, apiKey: apiKeys[0]!, name: 'test' })
  const ledgerPath = join(gateway.dataFolder, 'simulator', 'ledger.ndjson')
  try {
    const messages = await campaignMessages(MESSAGES)
    const sent = await sendMessages(sender, messages)
    expect(sent.smsIds).toHaveLength(MESSAGES)
    const statuses = await sender.awaitFinal(sent.smsIds, 120_000, () => {})
    const byStatus: Record<string, number> = {}
    for (const status of statuses.values()) byStatus[status] = (byStatus[status] ?? 0) + 1
    expect(Object.keys(byStatus).sort()).toEqual(['delivered', 'failed', 'rejected'])

    const counts = await eventually(
      'every webhook has arrived and ClickHouse has every message',
      () => countSources(pool, clickhouse, ledgerPath, CUSTOMER),
      (found) => sink.events.size >= MESSAGES && sum(found.clickhouse) === MESSAGES,
    )
    expect(counts.postgres).toEqual(byStatus)
    expect(counts.clickhouse).toEqual(byStatus)
    expect(countBy([...sink.events.values()].map(({ status }) => status))).toEqual(byStatus)
    expect(new Set([...sink.events.values()].map(({ smsId }) => smsId)).size).toBe(MESSAGES)
    expect(await unflaggedDuplicates(pool, ledgerPath)).toEqual([])
    expect(counts.operator.takenAgain).toBe(0)

    const { rows } = await pool.query<{ cost: number; messages: number }>(
      `SELECT sum(cost)::bigint AS cost, count(*) AS messages FROM messages m JOIN message_states s USING (sms_id) WHERE settlement = 'captured'`,
    )
    expect(counts.operator.taken).toBe(rows[0]!.messages)
    expect(counts.ledger).toEqual({ ...counts.account, spent: rows[0]!.cost })
    expect(counts.account).toEqual({ balance: 100_000_000_000 - rows[0]!.cost, reserved: 0 })

    // Sending the same file again under the same name charges nothing and sends nothing.
    const again = await sendMessages(sender, messages)
    expect(again.smsIds).toEqual(sent.smsIds)
    // Of each message at least the acceptance and the final status.
    const audit = await eventually(
      'the audit log has two entries of each message',
      () => verifyAuditLog(join(gateway.dataFolder, 'audit')),
      ({ entries }) => entries >= 2 * MESSAGES,
    )
    expect(audit.fault).toBeNull()
    expect(audit.entries).toBeGreaterThanOrEqual(2 * MESSAGES)
  } finally {
    await sender.close()
    await clickhouse.close()
    await stop()
    await sink.stop()
  }
})

/** So many messages of the example, from its beginning again as often as needed. */
async function campaignMessages(count: number): Promise<CampaignMessage[]> {
  const rows: CampaignMessage[] = []
  for await (const { message } of readCampaign('examples/campaign.csv')) rows.push(message!)
  return Array.from({ length: count }, (_, index) => rows[index % rows.length]!)
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
