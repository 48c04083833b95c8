import type { Settlement } from '../domain/ledger.ts'
import type { Status } from '../domain/status.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import type { Connection } from '../postgres/pool.ts'

/** A message of a task, and its state. Its state is locked, if it has one. */
export interface MessageRow {
  readonly sms_id: number
  readonly customer_id: string
  readonly cost: number
  readonly segments: number
  readonly status: Status | null
  readonly settlement: Settlement | null
  readonly attempt: number | null
  readonly revision: number | null
  readonly attempts: number | null
  readonly is_taken: boolean | null
}

type StateRow = Pick<MessageRow, 'sms_id' | 'status' | 'settlement' | 'attempt' | 'revision'>

/**
 * Reads messages and locks their states in the order of their ids. By look-ups for each, within the range of the ids
 * (see docs/decisions/0006).
 */
export async function lockMessages(
  connection: Connection,
  smsIds: readonly number[],
): Promise<Map<number, MessageRow>> {
  if (smsIds.length === 0) return new Map()
  const values = [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)]
  const [states, messages] = await Promise.all([
    connection.query<StateRow>({
      name: 'dlq-lock-states',
      text: `SELECT sms_id, status, settlement, attempt, revision FROM message_states
             WHERE sms_id = ANY($1::bigint[]) AND sms_id BETWEEN $2 AND $3 ORDER BY sms_id FOR UPDATE`,
      values,
    }),
    connection.query<MessageRow>({
      name: 'dlq-read-messages',
      text: `SELECT m.sms_id, m.customer_id, m.cost, m.segments, tried.attempts, tried.is_taken FROM messages AS m
             LEFT JOIN LATERAL (SELECT max(attempt) AS attempts, bool_or(outcome = 'sent') AS is_taken FROM attempts
               WHERE attempts.sms_id = m.sms_id AND attempts.sms_id BETWEEN $2 AND $3 OFFSET 0) AS tried ON true
             WHERE m.sms_id = ANY($1::bigint[]) AND m.sms_id BETWEEN $2 AND $3`,
      values,
    }),
  ])
  const known = new Map(states.rows.map((row) => [row.sms_id, row]))
  const unknown = { status: null, settlement: null, attempt: null, revision: null }
  return new Map(messages.rows.map((row) => [row.sms_id, { ...row, ...(known.get(row.sms_id) ?? unknown) }]))
}

/** Locks balances in the order in which everyone locks them. */
export async function lockBalances(
  connection: Connection,
  customerIds: readonly string[],
): Promise<Map<string, number>> {
  if (customerIds.length === 0) return new Map()
  const { rows } = await connection.query<{ customer_id: string; balance: number }>({
    name: 'dlq-lock-balances',
    text: `SELECT customer_id, balance FROM balances WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE`,
    values: [textArray(customerIds)],
  })
  return new Map(rows.map(({ customer_id, balance }) => [customer_id, balance]))
}
