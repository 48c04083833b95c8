import type { QueryConfig } from 'pg'
import { effectOf } from '../domain/ledger.ts'
import { REOPENING } from '../domain/status.ts'
import { encodeStep } from '../domain/timeline-steps.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import { BALANCE_CHANGES, insertEntries, sumByCustomer } from '../tables/ledger-entries.ts'

/** A message that is given another round. */
export interface Reopening {
  readonly smsId: number
  readonly customerId: string
  readonly cost: number
  readonly attemptsBefore: number
}

const STEPS = new RowArrays<{ readonly smsId: number; readonly before: number; readonly step: string }>({
  id: ['bigint', ({ smsId }) => smsId],
  before: ['smallint', ({ before }) => before],
  step: ['text', ({ step }) => step],
})

/** The states are locked, so they do not change; the new revision marks earlier reads as stale. */
export function reopenStates(reopenings: readonly Reopening[], nowMs: number): QueryConfig {
  const reason = 'redriven'
  const entry = { status: REOPENING.to, at: new Date(nowMs).toISOString(), reason }
  return {
    name: 'dlq-reopen-states-3',
    text: `UPDATE message_states AS known SET status = '${REOPENING.to}', settlement = 'reserved', attempt = before,
             attempts_before = before, error_code = NULL, error_message = NULL, revision = revision + 1,
             timeline = timeline || ($1::jsonb || jsonb_build_object('attempt', before)),
             steps = steps || E'\\n' || step, updated_at = now()
           FROM ${STEPS.from('reopened', 4)}
           WHERE known.sms_id = reopened.id AND known.sms_id BETWEEN $2 AND $3`,
    values: [
      JSON.stringify(entry),
      Math.min(...reopenings.map(({ smsId }) => smsId)),
      Math.max(...reopenings.map(({ smsId }) => smsId)),
      ...STEPS.values(
        reopenings.map(({ smsId, attemptsBefore: before }) => {
          return { smsId, before, step: encodeStep(REOPENING.to, nowMs, before, { reason }) }
        }),
      ),
    ],
  }
}

export function reserveAgain(reopenings: readonly Reopening[]): QueryConfig {
  return insertEntries(
    reopenings.map(({ smsId: ref, customerId, cost, attemptsBefore }) => {
      return { ref, kind: 'reserve', customerId, attemptsBefore, ...effectOf('reserve', cost) }
    }),
  )
}

/** The balances are locked, and cover it. */
export function chargeBalances(reopenings: readonly Reopening[]): QueryConfig {
  const sums = sumByCustomer(reopenings.map(({ customerId, cost }) => ({ customerId, ...effectOf('reserve', cost) })))
  return {
    name: 'dlq-charge',
    text: `UPDATE balances SET balance = balances.balance + sums.balance, reserved = balances.reserved + sums.reserved
           FROM ${BALANCE_CHANGES.from('sums')} WHERE balances.customer_id = sums.customer_id`,
    values: BALANCE_CHANGES.values(sums),
  }
}
