import colors from 'picocolors'
import { type ClickHouse, type ClickHouseSettings, createClickHouse } from '../../clickhouse/clickhouse-client.ts'
import { type AnalyticsMessage, readAnalyticsMessage } from '../../monitor/canary/read-analytics-message.ts'
import { sleep } from '../../runtime/backoff.ts'
import type { ServersFile } from '../servers/servers-file.ts'
import { type DemoMessage, sendDemoMessage } from './demo-customer.ts'

const DELIVERY_MS_MAX = 15_000
const ANALYTICS_MS_MAX = 10_000
const POLL_MS = 50

/** Sends a message for the demo customer and prints its timeline, and the row as ClickHouse has it. */
export async function showFirstMessage(servers: ServersFile, settings: ClickHouseSettings): Promise<void> {
  const message = await sendDemoMessage(servers.api, servers.api_key, DELIVERY_MS_MAX)
  console.log(`A first message, ${message.smsId}:`)
  printTimeline(message)
  const client = createClickHouse({ ...settings, CLICKHOUSE_URL: servers.clickhouse })
  const statuses = message.timeline.length - 1
  try {
    const row = await awaitRow(client, message.smsId, statuses)
    console.log(
      row ? `In ClickHouse: ${JSON.stringify(row)}` : 'It is not in ClickHouse yet; see the log of ClickHouse.',
    )
  } finally {
    await client.close()
  }
}

function printTimeline({ timeline }: DemoMessage): void {
  const startMs = Date.parse(timeline[0]?.at ?? '')
  for (const { status, at } of timeline) {
    const afterMs = Date.parse(at) - startMs
    console.log(`  ${colors.green(status.padEnd(10))} ${at}  ${colors.dim(`+${afterMs} ms`)}`)
  }
}

/** The row when it has as many statuses as the timeline, `accepted` not counted; or as it is when the time is up. */
async function awaitRow(client: ClickHouse, smsId: number, statuses: number): Promise<AnalyticsMessage | undefined> {
  const deadlineMs = Date.now() + ANALYTICS_MS_MAX
  while (true) {
    const row = await readAnalyticsMessage(client, smsId)
    if ((row && row.statuses.length >= statuses) || Date.now() > deadlineMs) return row
    await sleep(POLL_MS)
  }
}
