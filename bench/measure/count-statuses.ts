import { FINAL_STATUSES } from '../../src/domain/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { textList } from '../../src/postgres/text-list.ts'

/** Messages of the benchmark's customers that have their final status, from an id on. */
export async function countFinal(pool: Pool, firstSmsId = 0): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*) AS count FROM message_states
     WHERE customer_id LIKE 'bench-%' AND status IN ${textList(FINAL_STATUSES)}
       AND sms_id >= $1`,
    [firstSmsId],
  )
  return rows[0]!.count
}

/** How many messages of the benchmark's customers have each status. */
export async function countStatuses(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    `SELECT coalesce(s.status, 'accepted') AS status, count(*) AS count
     FROM messages m LEFT JOIN message_states s ON s.sms_id = m.sms_id
     WHERE m.customer_id LIKE 'bench-%' GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
