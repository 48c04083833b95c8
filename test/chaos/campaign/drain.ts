import type { ClickHouse } from '../../../src/clickhouse/clickhouse-client.ts'
import { FINAL_STATUSES } from '../../../src/domain/status.ts'
import { GROUPS } from '../../../src/events/topics.ts'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import type { Pool } from '../../../src/postgres/pool.ts'
import { textList } from '../../../src/postgres/text-list.ts'
import { readLag } from '../../gateway/read-lag.ts'
import { countAnalytics } from '../audit/read-analytics.ts'

export interface DrainOptions {
  readonly pool: Pool
  readonly cluster: Cluster
  readonly clickhouse: ClickHouse | null
  readonly msMax: number
  /** Given up when nothing has moved for so long: what is missing will not come. */
  readonly stalledMsMax: number
  readonly notify: (what: string) => void
  readonly signal: AbortSignal
}

/** What is still to come, all 0 when drained. */
interface Left {
  readonly outbox: number
  readonly withoutFinal: number
  readonly webhookRetries: number
  readonly lag: number
  readonly analytics: number
}

const GATEWAY_GROUPS = new Set<string>(Object.values(GROUPS))
const EVERY_MS = 500
const NOTIFY_EVERY_MS = 10_000

/** Waits until nothing is under way any more. Returns how long that took; null if it did not come to an end. */
export async function drain(options: DrainOptions): Promise<number | null> {
  const startMs = Date.now()
  let before = ''
  let movedMs = startMs
  let reportedMs = startMs
  while (!options.signal.aborted) {
    const left = await look(options).catch(() => null)
    if (left && Object.values(left).every((count) => count === 0)) return Date.now() - startMs
    const now = JSON.stringify(left)
    if (now !== before) movedMs = Date.now()
    before = now
    if (Date.now() - startMs > options.msMax || Date.now() - movedMs > options.stalledMsMax) {
      options.notify(`not drained: ${now}`)
      return null
    }
    if (Date.now() - reportedMs >= NOTIFY_EVERY_MS) {
      reportedMs = Date.now()
      options.notify(`still draining: ${now}`)
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  return null
}

/** Records that consumer groups of the gateway have yet to commit. */
export function lagOfGateway(lags: readonly { readonly group: string; readonly lag: number }[]): number {
  return lags.filter(({ group }) => GATEWAY_GROUPS.has(group)).reduce((sum, { lag }) => sum + lag, 0)
}

async function look({ pool, cluster, clickhouse }: DrainOptions): Promise<Left> {
  const { rows } = await pool.query<{ outbox: number; messages: number; finals: number; retries: number }>(
    `SELECT (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM messages) AS messages,
       (SELECT count(*) FROM message_states
        WHERE status IN ${textList(FINAL_STATUSES)}) AS finals,
       (SELECT count(*) FROM webhook_retries) AS retries`,
  )
  const { outbox, messages, finals, retries } = rows[0]!
  const lags = await lagsOf(cluster)
  const theirs = clickhouse ? await countAnalytics(clickhouse) : { accepted: messages, finals }
  return {
    outbox,
    withoutFinal: messages - finals,
    webhookRetries: retries,
    lag: lagOfGateway(lags),
    analytics: Math.abs(messages - theirs.accepted) + Math.abs(finals - theirs.finals),
  }
}

async function lagsOf(cluster: Cluster): ReturnType<typeof readLag> {
  const connections = cluster.connections()
  try {
    return await readLag(cluster, connections)
  } finally {
    await connections.close()
  }
}
