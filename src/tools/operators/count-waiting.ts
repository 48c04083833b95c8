import type { Pool } from '../../postgres/pool.ts'

/** How many messages are deferred for each unavailable operator; operators without deferred messages are left out. */
export async function countWaiting(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ operator: string; waiting: number }>(
    'SELECT awaits AS operator, count(*) AS waiting FROM scheduled WHERE awaits_revision IS NOT NULL GROUP BY awaits',
  )
  return new Map(rows.map(({ operator, waiting }) => [operator, waiting]))
}
