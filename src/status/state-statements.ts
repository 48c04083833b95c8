import type { QueryConfig } from 'pg'
import { effectOf } from '../domain/ledger.ts'
import { encodeSteps } from '../domain/timeline-steps.ts'
import { numberArray } from '../postgres/array-literal.ts'
import { type Column, RowArrays } from '../postgres/row-arrays.ts'
import { BALANCE_CHANGES, insertEntries, sumByCustomer } from '../tables/ledger-entries.ts'
import type { Advance, MessageState } from './advance-state.ts'

/**
 * What was accepted. The range repeats what the keys say: by it the planner leaves out the partitions of other days.
 * `OFFSET 0` keeps each key a look-up of its own; by an array the index is walked along, over every version of a row
 * that an update left behind, which took six times as long. Not joined with the states, as a planner that misjudges
 * their number compares each with each.
 */
export function readMessages(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'status-read-messages',
    text: `SELECT m.sms_id, m.customer_id, m.cost
           FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = asked.sms_id
             AND messages.sms_id BETWEEN $2 AND $3 OFFSET 0) AS m`,
    values: keysAndRange(smsIds),
  }
}

/** What is known of them; nothing for those of which no event came yet. */
export function readStates(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'status-read-states-2',
    text: `SELECT s.sms_id, s.status, s.attempt, s.settlement, s.operator_message_id, s.error_code, s.error_message,
             s.possible_duplicate, s.timeline, s.steps, s.revision, s.attempts_before
           FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM message_states WHERE message_states.sms_id = asked.sms_id
             AND message_states.sms_id BETWEEN $2 AND $3 OFFSET 0) AS s`,
    values: keysAndRange(smsIds),
  }
}

function keysAndRange(smsIds: readonly number[]): unknown[] {
  let first = Number.POSITIVE_INFINITY
  let last = 0
  for (const smsId of smsIds) {
    if (smsId < first) first = smsId
    if (smsId > last) last = smsId
  }
  return [numberArray(smsIds), first, last]
}

const STATE_COLUMNS = {
  status: ['text', ({ status }) => status],
  attempt: ['smallint', ({ attempt }) => attempt],
  settlement: ['text', ({ settlement }) => settlement],
  operator_message_id: ['text', ({ operatorMessageId }) => operatorMessageId],
  error_code: ['text', ({ errorCode }) => errorCode],
  error_message: ['text', ({ errorMessage }) => errorMessage],
  possible_duplicate: ['boolean', ({ possibleDuplicate }) => possibleDuplicate],
  steps: ['text', ({ timeline }) => encodeSteps(timeline)],
  revision: ['integer', ({ revision }) => revision],
} as const satisfies Readonly<Record<string, Column<MessageState>>>

const STATES = new RowArrays<MessageState>({
  sms_id: ['bigint', ({ smsId }) => smsId],
  customer_id: ['text', ({ customerId }) => customerId],
  ...STATE_COLUMNS,
})

const WRITE_STATES = `
  INSERT INTO message_states AS known (${STATES.names}, updated_at)
  SELECT *, now() FROM ${STATES.from('state')}
  ON CONFLICT (sms_id) DO UPDATE SET timeline = NULL, updated_at = excluded.updated_at,
    ${Object.keys(STATE_COLUMNS)
      .map((name) => `${name} = excluded.${name}`)
      .join(', ')}
  WHERE known.revision = excluded.revision - 1`

/** Writes states. Returns fewer rows than given if someone else has changed one meanwhile. */
export function writeStates(states: readonly MessageState[]): QueryConfig {
  return {
    name: 'status-write-3',
    text: WRITE_STATES,
    values: STATES.values(states),
  }
}

/** The entries of the ledger that are due. */
export function enterSettlements(advances: readonly Advance[]): QueryConfig {
  return insertEntries(
    advances.flatMap(({ state, settles }) => {
      if (settles === null) return []
      const { smsId: ref, customerId, cost, attemptsBefore } = state
      return [{ ref, kind: settles, customerId, attemptsBefore, ...effectOf(settles, cost) }]
    }),
  )
}

/** What those entries do to balances, locked in the order in which everyone locks them. */
export function settleBalances(advances: readonly Advance[]): QueryConfig {
  const sums = sumByCustomer(
    advances.flatMap(({ state: { customerId, cost }, settles }) =>
      settles === null ? [] : [{ customerId, ...effectOf(settles, cost) }],
    ),
  )
  return {
    name: 'status-settle',
    text: `WITH locked AS (
             SELECT customer_id FROM balances WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE
           )
           UPDATE balances SET balance = balances.balance + sums.balance, reserved = balances.reserved + sums.reserved
           FROM ${BALANCE_CHANGES.from('sums')} JOIN locked USING (customer_id)
           WHERE balances.customer_id = sums.customer_id`,
    values: BALANCE_CHANGES.values(sums),
  }
}
