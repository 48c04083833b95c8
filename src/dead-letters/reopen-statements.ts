import type { QueryConfig } from 'pg'
import { effectOf, type LedgerEffect } from '../domain/ledger.ts'
import { REOPENING } from '../domain/status.ts'
import { encodeStep } from '../domain/timeline-steps.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'

/** A message that is given another round. */
export interface Reopening {
  readonly smsId: number
  readonly customerId: string
  readonly cost: number
  readonly attemptsBefore: number
}

/** The states are locked, so they do not change; the new revision marks earlier reads as stale. */
export function reopenStates(reopenings: readonly Reopening[], nowMs: number): QueryConfig {
  const reason = 'redriven'
  const entry = { status: REOPENING.to, at: new Date(nowMs).toISOString(), reason }
  return {
    name: 'dlq-reopen-states-2',
    text: `UPDATE message_states AS known SET status = '${REOPENING.to}', settlement = 'reserved', attempt = before,
             attempts_before = before, error_code = NULL, error_message = NULL, revision = revision + 1,
             timeline = timeline || ($3::jsonb || jsonb_build_object('attempt', before)),
             steps = steps || E'\\n' || step, updated_at = now()
           FROM unnest($1::bigint[], $2::smallint[], $6::text[]) AS reopened (id, before, step)
           WHERE known.sms_id = reopened.id AND known.sms_id BETWEEN $4 AND $5`,
    values: [
      numberArray(reopenings.map(({ smsId }) => smsId)),
      numberArray(reopenings.map(({ attemptsBefore }) => attemptsBefore)),
      JSON.stringify(entry),
      Math.min(...reopenings.map(({ smsId }) => smsId)),
      Math.max(...reopenings.map(({ smsId }) => smsId)),
      textArray(reopenings.map(({ attemptsBefore }) => encodeStep(REOPENING.to, nowMs, attemptsBefore, { reason }))),
    ],
  }
}

export function reserveAgain(reopenings: readonly Reopening[]): QueryConfig {
  const effects = reopenings.map(({ cost }) => effectOf('reserve', cost))
  return {
    name: 'dlq-reserve',
    text: `INSERT INTO ledger (ref, kind, customer_id, balance, reserved, attempts_before)
           SELECT ref, 'reserve', customer_id, balance, reserved, attempts_before
           FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::smallint[])
             AS entry (ref, customer_id, balance, reserved, attempts_before)`,
    values: [
      numberArray(reopenings.map(({ smsId }) => smsId)),
      textArray(reopenings.map(({ customerId }) => customerId)),
      numberArray(effects.map(({ balance }) => balance)),
      numberArray(effects.map(({ reserved }) => reserved)),
      numberArray(reopenings.map(({ attemptsBefore }) => attemptsBefore)),
    ],
  }
}

/** The balances are locked, and cover it. */
export function chargeBalances(reopenings: readonly Reopening[]): QueryConfig {
  const sums = new Map<string, LedgerEffect>()
  for (const { customerId, cost } of reopenings) {
    const { balance, reserved } = effectOf('reserve', cost)
    const before = sums.get(customerId) ?? { balance: 0, reserved: 0 }
    sums.set(customerId, { balance: before.balance + balance, reserved: before.reserved + reserved })
  }
  return {
    name: 'dlq-charge',
    text: `UPDATE balances SET balance = balances.balance + sums.balance, reserved = balances.reserved + sums.reserved
           FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS sums (customer_id, balance, reserved)
           WHERE balances.customer_id = sums.customer_id`,
    values: [
      textArray([...sums.keys()]),
      numberArray([...sums.values()].map(({ balance }) => balance)),
      numberArray([...sums.values()].map(({ reserved }) => reserved)),
    ],
  }
}
