import { REFERENCE_SLOT, SmsIds } from '../domain/sms-id.ts'
import type { Queryable } from '../postgres/pool.ts'

/**
 * A reference that nothing else has, neither a message nor another reference: for top-ups and for what operators of the
 * gateway do. Each takes a millisecond of the slot that is kept for them. Within a transaction, others wait for its end.
 */
export async function drawReference(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ at_ms: number }>({
    name: 'draw-reference',
    text: `UPDATE id_slots
           SET until_ms = greatest(until_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) + 1
           WHERE slot = $1 RETURNING until_ms - 1 AS at_ms`,
    values: [REFERENCE_SLOT],
  })
  const atMs = rows[0]!.at_ms
  return new SmsIds(REFERENCE_SLOT, atMs).next(atMs)
}
