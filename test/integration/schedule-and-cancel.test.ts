import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Pool } from '../../src/postgres/pool.ts'
import { sleep } from '../../src/runtime/backoff.ts'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'

const MESSAGES = 240
const PHONES = 60
const COST = 100
const BALANCE = 100_000_000_000

interface Sent {
  readonly smsId: number
  readonly phone: string
  readonly sendAt: string | null
}

/** The first half to be sent at once, the others at one of three moments to come. */
async function post(api: string, key: string): Promise<Sent[]> {
  const startMs = Date.now()
  const messages = Array.from({ length: MESSAGES }, (_, n) => ({
    to: `+9891200000${String(n % PHONES).padStart(2, '0')}`,
    text: `message ${n}`,
    ...(n < MESSAGES / 2 ? {} : { send_at: new Date(startMs + 2_000 + (n % 3) * 1_000).toISOString() }),
  }))
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ messages })
  const response = await fetch(`${api}/v1/messages/batch`, { method: 'POST', headers, body })
  const { results } = (await response.json()) as { results: { sms_id: number; status: string; send_at?: string }[] }
  return results.map(({ sms_id, send_at }, n) => ({ smsId: sms_id, phone: messages[n]!.to, sendAt: send_at ?? null }))
}

/** Cancels each third message at some moment, twice at once. Returns those that are cancelled, as the API says. */
async function cancelSome(api: string, key: string, messages: readonly Sent[]): Promise<Set<number>> {
  const cancelled = new Set<number>()
  const cancel = async (smsId: number): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` }
    const { status } = await fetch(`${api}/v1/messages/${smsId}/cancel`, { method: 'POST', headers })
    return status
  }
  const some = messages.filter((_, n) => n % 3 === 0)
  await Promise.all(
    some.map(async ({ smsId }) => {
      await sleep(Math.random() * 5_000)
      const statuses = await Promise.all([cancel(smsId), cancel(smsId)])
      expect([200, 409]).toContain(statuses[0])
      // Of two at once the second may find what the first left: cancelled, or sent a moment later.
      if (statuses.includes(200)) cancelled.add(smsId)
      if (statuses[0] !== statuses[1]) expect(await cancel(smsId)).toBe(200)
    }),
  )
  return cancelled
}

/** States, and rows that wait or hold up others; those that are only watched go by and by. */
async function counts(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ what: string; n: number }>(
    `SELECT status AS what, count(*) AS n FROM message_states WHERE customer_id = 'bench-0' GROUP BY status
     UNION ALL SELECT 'rows left', count(*) FROM scheduled WHERE released_at IS NULL OR lane IS NOT NULL`,
  )
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]))
}

test('scheduled, deferred and cancelled under a running worker: each is sent or cancelled, in order, and paid for', async () => {
  const sink = new WebhookSink()
  const webhooks = { customers: 1, url: await sink.start() }
  const env = {
    SIMULATOR_TEMPORARY_SHARE: '0.3',
    SIMULATOR_LATENCY_MS: '100',
    DELIVERY_RETRY_MS_FIRST: '2500',
    DELIVERY_RETRY_MS_MAX: '2500',
    DELIVERY_DEFER_MS: '1000',
    RECONCILE_PERIOD_MS: '500',
    RECONCILE_AFTER_MS: '2000',
  }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 1, webhooks, env })
  const { api, admin } = gateway.servers
  try {
    const messages = await post(api, apiKeys[0]!)
    expect(messages.filter(({ sendAt }) => sendAt !== null)).toHaveLength(MESSAGES / 2)
    const cancelled = await cancelSome(api, apiKeys[0]!, messages)
    expect(cancelled.size).toBeGreaterThan(0)

    const isOver = (seen: Record<string, number>): boolean =>
      (seen.delivered ?? 0) + (seen.failed ?? 0) + (seen.cancelled ?? 0) === MESSAGES && seen['rows left'] === 0
    const seen = await eventually('every message is final and no row is left', () => counts(pool), isOver, 120_000)
    expect(isOver(seen), JSON.stringify(seen)).toBe(true)
    expect(seen.cancelled).toBe(cancelled.size)
    const { rows: states } = await pool.query<{ sms_id: number }>(
      "SELECT sms_id FROM message_states WHERE status = 'cancelled'",
    )
    expect(new Set(states.map(({ sms_id }) => sms_id))).toEqual(cancelled)

    const ledger = readFileSync(join(gateway.dataFolder, 'simulator', 'ledger.ndjson'), 'utf8')
    const taken = ledger
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { ref: string; result: string })
      .filter(({ result }) => result === 'taken')
      .map(({ ref }) => Number(ref.split('.')[0]))
      .filter((smsId) => messages.some((message) => message.smsId === smsId))
    expect(taken.filter((smsId) => cancelled.has(smsId))).toEqual([])
    expect(taken).toHaveLength(seen.delivered!)
    expect(new Set(taken).size).toBe(taken.length)
    expectOrder(messages, taken)

    const { rows } = await pool.query(
      `SELECT balance, reserved, (SELECT sum(balance)::bigint FROM ledger WHERE customer_id = 'bench-0') AS entries
       FROM balances WHERE customer_id = 'bench-0'`,
    )
    const left = BALANCE - seen.delivered! * COST
    expect(rows).toEqual([{ balance: left, reserved: 0, entries: left }])
    const reported = await eventually(
      'every cancelled message has its webhook',
      () => [...sink.events.values()].filter(({ status }) => status === 'cancelled').length,
      (events) => events === cancelled.size,
    )
    expect(reported).toBe(cancelled.size)
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    const deferred = Number(/^smsgw_tasks_deferred_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1])
    expect(deferred).toBeGreaterThan(0)
    console.log({ ...seen, deferred })
  } finally {
    await stop()
    await sink.stop()
  }
})

/** Among what is sent at once, and among what is sent later, no message to a phone overtakes another. */
function expectOrder(messages: readonly Sent[], taken: readonly number[]): void {
  const place = new Map(taken.map((smsId, index) => [smsId, index]))
  const lanes = Map.groupBy(messages, ({ phone, sendAt }) => `${phone} ${sendAt === null}`)
  for (const lane of lanes.values()) {
    const due = lane.toSorted((a, b) => (a.sendAt ?? '').localeCompare(b.sendAt ?? '') || a.smsId - b.smsId)
    const places = due.map(({ smsId }) => place.get(smsId)).filter((each) => each !== undefined)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  }
}
