import type { QueryConfig } from 'pg'
import { effectOf, type LedgerEffect } from '../domain/ledger.ts'
import { encodeSteps } from '../domain/timeline-steps.ts'
import { booleanArray, numberArray, textArray } from '../postgres/array-literal.ts'
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

/** Writes states. Returns fewer rows than given if someone else has changed one meanwhile. */
export function writeStates(states: readonly MessageState[]): QueryConfig {
  return {
    name: 'status-write-2',
    text: `INSERT INTO message_states AS known (sms_id, customer_id, status, attempt, settlement, operator_message_id,
             error_code, error_message, possible_duplicate, steps, revision, updated_at)
           SELECT *, now() FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::text[],
             $7::text[], $8::text[], $9::boolean[], $10::text[], $11::integer[])
           ON CONFLICT (sms_id) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,
             settlement = excluded.settlement, operator_message_id = excluded.operator_message_id,
             error_code = excluded.error_code, error_message = excluded.error_message,
             possible_duplicate = excluded.possible_duplicate, steps = excluded.steps, timeline = NULL,
             revision = excluded.revision, updated_at = excluded.updated_at
           WHERE known.revision = excluded.revision - 1`,
    values: [
      numberArray(states.map(({ smsId }) => smsId)),
      textArray(states.map(({ customerId }) => customerId)),
      textArray(states.map(({ status }) => status)),
      numberArray(states.map(({ attempt }) => attempt)),
      textArray(states.map(({ settlement }) => settlement)),
      textArray(states.map(({ operatorMessageId }) => operatorMessageId)),
      textArray(states.map(({ errorCode }) => errorCode)),
      textArray(states.map(({ errorMessage }) => errorMessage)),
      booleanArray(states.map(({ possibleDuplicate }) => possibleDuplicate)),
      textArray(states.map(({ timeline }) => encodeSteps(timeline))),
      numberArray(states.map(({ revision }) => revision)),
    ],
  }
}

/** The entries of the ledger that are due. */
export function enterSettlements(advances: readonly Advance[]): QueryConfig {
  const due = advances.filter(({ settles }) => settles !== null)
  const effects = due.map(({ state, settles }) => effectOf(settles!, state.cost))
  return {
    name: 'status-enter',
    text: `INSERT INTO ledger (ref, kind, customer_id, balance, reserved, attempts_before)
           SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[])`,
    values: [
      numberArray(due.map(({ state }) => state.smsId)),
      textArray(due.map(({ settles }) => settles)),
      textArray(due.map(({ state }) => state.customerId)),
      numberArray(effects.map(({ balance }) => balance)),
      numberArray(effects.map(({ reserved }) => reserved)),
      numberArray(due.map(({ state }) => state.attemptsBefore)),
    ],
  }
}

/** What those entries do to balances, locked in the order in which everyone locks them. */
export function settleBalances(advances: readonly Advance[]): QueryConfig {
  const sums = new Map<string, LedgerEffect>()
  for (const { state, settles } of advances) {
    if (settles === null) continue
    const { balance, reserved } = effectOf(settles, state.cost)
    const before = sums.get(state.customerId) ?? { balance: 0, reserved: 0 }
    sums.set(state.customerId, { balance: before.balance + balance, reserved: before.reserved + reserved })
  }
  return {
    name: 'status-settle',
    text: `WITH locked AS (
             SELECT customer_id FROM balances WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE
           )
           UPDATE balances SET balance = balances.balance + sums.balance, reserved = balances.reserved + sums.reserved
           FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS sums (customer_id, balance, reserved)
           JOIN locked USING (customer_id)
           WHERE balances.customer_id = sums.customer_id`,
    values: [
      textArray([...sums.keys()]),
      numberArray([...sums.values()].map(({ balance }) => balance)),
      numberArray([...sums.values()].map(({ reserved }) => reserved)),
    ],
  }
}
