import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startBenchGateway } from '../../bench/bench-gateway.ts'
import { postOpenLoop } from '../../bench/load/post-open-loop.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { eventually } from '../servers/eventually.ts'
import { unflaggedDuplicates } from './compare-sources.ts'

/** The README's figure is this test at 1,500 a second for 30 s. */
const RATE = Number(process.env.KILL_RATE || 300)
const SECONDS = Number(process.env.KILL_SECONDS || 12)

test('kill -9 of the process with API, relay and worker: nothing lost, charged twice, or sent twice unflagged', async () => {
  // Slow answers, so that many submits are under way when it dies.
  const env = { SIMULATOR_LATENCY_MS: '300' }
  const webhooks = { customers: 0, url: '' }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 5, webhooks, env })
  const front = gateway.processes.get('front')!
  try {
    const killed = front.pid!
    const timer = setTimeout(() => process.kill(killed, 'SIGKILL'), (SECONDS * 1_000) / 2)
    const load = await postOpenLoop({
      api: gateway.servers.api,
      apiKeys,
      ratePerSecond: RATE,
      seconds: SECONDS,
      connections: 128,
      idempotency: 'kill',
      phones: 1_000_000,
    })
    clearTimeout(timer)
    expect(front.pid).not.toBe(killed)
    expect(load.accepted).toHaveLength(RATE * SECONDS)

    const finals = await eventually(
      () => countFinal(pool),
      (count) => count >= RATE * SECONDS,
      120_000,
    )
    expect(finals).toBe(RATE * SECONDS)
    const ids = new Set(load.accepted.map(([smsId]) => smsId))
    const { rows: stored } = await pool.query<{ sms_id: number }>(
      "SELECT sms_id FROM messages WHERE customer_id LIKE 'bench-%'",
    )
    // Each key was charged for one message, and it is the one that the customer was told of.
    expect(stored.filter(({ sms_id }) => !ids.has(sms_id))).toEqual([])
    expect(stored).toHaveLength(RATE * SECONDS)
    expect(await booksDiffer(pool)).toEqual([])
    expect(await unflaggedDuplicates(pool, join(gateway.dataFolder, 'simulator', 'ledger.ndjson'))).toEqual([])
    const { rows } = await pool.query<{ flagged: number }>(
      'SELECT count(*) AS flagged FROM message_states WHERE possible_duplicate',
    )
    console.log({
      rate: RATE,
      seconds: SECONDS,
      refused: load.refused,
      flagged: rows[0]!.flagged,
      acceptMs: load.latencyMs,
    })
  } finally {
    await stop()
  }
})

async function countFinal(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "SELECT count(*) AS count FROM message_states WHERE customer_id LIKE 'bench-%' AND status = 'delivered'",
  )
  return rows[0]!.count
}

/** Customers whose balance is not the sum of their ledger, or who were charged other than once for each message. */
async function booksDiffer(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ customer_id: string }>(
    `SELECT b.customer_id FROM balances b
     JOIN (SELECT customer_id, sum(balance) AS balance, sum(reserved) AS reserved,
             count(*) FILTER (WHERE kind = 'reserve') AS reserves, count(*) FILTER (WHERE kind = 'capture') AS captures
           FROM ledger GROUP BY customer_id) AS l USING (customer_id)
     LEFT JOIN (SELECT customer_id, count(*) AS messages FROM messages GROUP BY customer_id) AS m USING (customer_id)
     WHERE b.customer_id LIKE 'bench-%' AND (b.balance <> l.balance OR b.reserved <> l.reserved OR b.reserved <> 0
       OR l.reserves <> m.messages OR l.captures <> m.messages)`,
  )
  return rows.map(({ customer_id }) => customer_id)
}
