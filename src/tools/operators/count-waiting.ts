import type { Pool } from '../../postgres/pool.ts'

/** How many messages are put aside until each operator takes messages again; none for those that nothing waits for. */
export async function countWaiting(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ operator: string; waiting: number }>(
    'SELECT awaits AS operator, count(*) AS waiting FROM scheduled WHERE awaits_revision IS NOT NULL GROUP BY awaits',
  )
  return new Map(rows.map(({ operator, waiting }) => [operator, waiting]))
}
