import { smsIdTimeMs } from '../domain/sms-id.ts'
import { textArray } from '../postgres/array-literal.ts'
import type { Queryable } from '../postgres/pool.ts'

/** Held while a day begins to be closed, shared by transactions that open messages again; the number is arbitrary, and ours. */
const CLOSING_LOCK = 7_306_021

/** UTC day of a message, by which the table `retention_days` names it. */
export function dayOf(smsId: number): string {
  return new Date(smsIdTimeMs(smsId)).toISOString().slice(0, 10)
}

/**
 * In a transaction that begins to close a day: waits for those that open messages again, and has later ones see it.
 * The connection's `lock_timeout` bounds the wait.
 */
export async function lockClosing(connection: Queryable): Promise<void> {
  await connection.query('SELECT pg_advisory_xact_lock($1)', [CLOSING_LOCK])
}

/**
 * Which of these messages are of a day that is being closed, or is: their rows may be dropped any moment, so none of them may
 * be opened again. What the transaction of `connection` opens of the others is seen before their day is closed.
 */
export async function findClosing(connection: Queryable, smsIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (smsIds.length === 0) return new Set()
  await connection.query('SELECT pg_advisory_xact_lock_shared($1)', [CLOSING_LOCK])
  const { rows } = await connection.query<{ day: string }>({
    name: 'closing-days',
    text: `SELECT day::text FROM retention_days WHERE day = ANY($1::date[]) AND open_messages = '{}'`,
    values: [textArray([...new Set(smsIds.map(dayOf))])],
  })
  const closing = new Set(rows.map(({ day }) => day))
  return new Set(smsIds.filter((smsId) => closing.has(dayOf(smsId))))
}
