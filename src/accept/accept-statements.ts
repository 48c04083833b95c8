import type { QueryConfig } from 'pg'
import { type IdempotencyClaim, rememberedDays } from '../domain/accept.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import type { StoredAnswer } from './pending-request.ts'

const REMEMBERED = `interval '${rememberedDays(false)} days'`

/** The messages of a request, which come as the text of an array: of most requests it is one, and needs no array in the row. */
export const SMS_IDS = [
  {
    name: 'sms_id',
    of: (ids: string): string => `CASE WHEN cardinality(${ids}::bigint[]) = 1 THEN (${ids}::bigint[])[1] END`,
  },
  {
    name: 'sms_ids',
    of: (ids: string): string => `CASE WHEN cardinality(${ids}::bigint[]) <> 1 THEN ${ids}::bigint[] END`,
  },
] as const

/** Locks the rows in the order of their key, as everyone does, so that two batches cannot wait for each other. */
export function lockBalances(customerIds: readonly string[]): QueryConfig {
  return {
    name: 'accept-lock-balances',
    text: `SELECT customer_id, balance FROM balances
           WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE`,
    values: [textArray(customerIds)],
  }
}

/** As the indexes of the tables of keys have it (migration 0022). */
const digest = (customer: string, key: string): string => `hashtextextended(${customer} || ' ' || ${key}, 0)`
const isAsked = (table: string): string => `${digest(`${table}.customer_id`, `${table}.key`)}
               = ${digest('asked.customer_id', 'asked.key')}
               AND ${table}.customer_id = asked.customer_id AND ${table}.key = asked.key`

interface AskedKey {
  readonly customerId: string
  readonly claim: IdempotencyClaim
}

const ASKED = new RowArrays<AskedKey>({
  customer_id: ['text', ({ customerId }) => customerId],
  key: ['text', ({ claim }) => claim.key],
  days: ['smallint', ({ claim }) => claim.rememberedDays],
})

/**
 * `OFFSET 0` keeps each key a look-up of its own, whatever the planner believes about the tables' sizes. Keys of scheduled
 * messages have a table of their own, which is looked back in for as long as the claim says.
 */
export function readAnswers(claims: readonly AskedKey[]): QueryConfig {
  const columns = `customer_id, key, request_hash,
               coalesce(sms_ids, CASE WHEN sms_id IS NOT NULL THEN ARRAY[sms_id] END)::text[] AS sms_ids, response`
  return {
    name: 'accept-read-answers-2',
    text: `SELECT i.* FROM ${ASKED.from('asked')}
           CROSS JOIN LATERAL (
             SELECT ${columns} FROM idempotency WHERE ${isAsked('idempotency')}
               AND created_at > now() - ${REMEMBERED}
             UNION ALL
             SELECT ${columns} FROM idempotency_scheduled AS later WHERE ${isAsked('later')}
               AND created_at > now() - asked.days * interval '1 day'
             OFFSET 0) AS i`,
    values: ASKED.values(claims),
  }
}

/** Messages that were accepted under those keys. */
export function readAnswered(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'accept-read-answered',
    text: `SELECT m.sms_id, m.phone, m.segments, m.encoding, m.text_changed, m.cost, m.operator, m.client_ref,
             m.accepted_at, m.send_at
           FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = asked.sms_id
             AND messages.sms_id BETWEEN $2 AND $3 OFFSET 0) AS m`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)],
  }
}

const REPLACED = new RowArrays<StoredAnswer>({
  customer_id: ['text', ({ customerId }) => customerId],
  key: ['text', ({ key }) => key],
  sms_ids: ['text', ({ smsIds }) => numberArray(smsIds)],
})

/** Replaces the answers of requests that were accepted in part before by answers with everything accepted so far. */
export function replaceAnswers(answers: readonly StoredAnswer[]): QueryConfig {
  const replace = (table: string, since: string): string => `UPDATE ${table}
               SET ${SMS_IDS.map((column) => `${column.name} = ${column.of('asked.sms_ids')}`).join(', ')}, response = NULL
               FROM asked WHERE ${isAsked(table)} AND created_at > now() - ${since}`
  return {
    name: 'accept-replace-answers-3',
    text: `WITH asked AS (SELECT * FROM ${REPLACED.from('answer', 2)}),
             plain AS (${replace('idempotency', REMEMBERED)})
           ${replace('idempotency_scheduled', "$1::smallint * interval '1 day'")}`,
    values: [Math.max(...answers.map(({ rememberedDays }) => rememberedDays)), ...REPLACED.values(answers)],
  }
}
