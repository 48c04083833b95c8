import { join } from 'node:path'
import { expect } from 'vitest'
import { FINAL_STATUSES } from '../../src/domain/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import type { RunningGateway } from '../../src/process/supervisor/up.ts'
import { eventually } from '../gateway/eventually.ts'
import type { LoadResult } from '../gateway/load/post-open-loop.ts'
import { unflaggedDuplicates } from './compare-sources.ts'

/**
 * Waits until every message that the API acknowledged to a load is final, and judges the whole gateway: each was
 * charged once, nothing was stored without an acknowledgement, nothing was sent twice without the flag for it. Returns
 * how many say so.
 */
export async function judgeAccepted(
  { dataFolder }: Pick<RunningGateway, 'dataFolder'>,
  pool: Pool,
  loads: readonly LoadResult[],
  msMax: number,
): Promise<{ flagged: number }> {
  const acknowledged = loads.flatMap(({ accepted }) => accepted.map(([smsId]) => smsId))
  const finals = await eventually(
    `${acknowledged.length} messages are final`,
    () => countFinal(pool),
    (count) => count >= acknowledged.length,
    msMax,
  )
  expect(finals).toBe(acknowledged.length)
  const ids = new Set(acknowledged)
  const { rows: stored } = await pool.query<{ sms_id: number }>(
    "SELECT sms_id FROM messages WHERE customer_id LIKE 'bench-%'",
  )
  // Each key was charged for one message, and it is the acknowledged one.
  expect(stored.filter(({ sms_id }) => !ids.has(sms_id))).toEqual([])
  expect(stored).toHaveLength(acknowledged.length)
  expect(await booksDiffer(pool)).toEqual([])
  expect(await unflaggedDuplicates(pool, join(dataFolder, 'simulator', 'ledger.ndjson'))).toEqual([])
  const { rows } = await pool.query<{ flagged: number }>(
    'SELECT count(*) AS flagged FROM message_states WHERE possible_duplicate',
  )
  return rows[0]!
}

async function countFinal(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "SELECT count(*) AS count FROM message_states WHERE customer_id LIKE 'bench-%' AND status = ANY($1)",
    [FINAL_STATUSES],
  )
  return rows[0]!.count
}

/**
 * Customers whose balance is not the sum of their ledger, or with a message that was not charged or refunded exactly
 * once.
 */
async function booksDiffer(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ customer_id: string }>(
    `SELECT b.customer_id FROM balances b
     JOIN (SELECT customer_id, sum(balance) AS balance, sum(reserved) AS reserved,
             count(*) FILTER (WHERE kind = 'reserve') AS reserves, 
             count(*) FILTER (WHERE kind IN ('capture', 'release')) AS settled
           FROM ledger GROUP BY customer_id) AS l USING (customer_id)
     LEFT JOIN (SELECT customer_id, count(*) AS messages FROM messages GROUP BY customer_id) AS m USING (customer_id)
     WHERE b.customer_id LIKE 'bench-%' AND (b.balance <> l.balance OR b.reserved <> l.reserved OR b.reserved <> 0
       OR l.reserves <> m.messages OR l.settled <> m.messages)`,
  )
  return rows.map(({ customer_id }) => customer_id)
}
