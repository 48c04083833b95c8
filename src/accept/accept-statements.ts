import type { QueryConfig } from 'pg'
import { type IdempotencyClaim, rememberedDays } from '../domain/accept.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import type { StoredAnswer } from './accepted-message.ts'

const REMEMBERED = `interval '${rememberedDays(false)} days'`

/** The messages of a request, which come as the text of an array: of most requests it is one, and needs no array in the row. */
const SMS_IDS = [
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

/**
 * `OFFSET 0` keeps each key a look-up of its own, whatever the planner believes about the tables' sizes. Keys of scheduled
 * messages have a table of their own, which is looked back in for as long as the claim says.
 */
export function readAnswers(claims: readonly { customerId: string; claim: IdempotencyClaim }[]): QueryConfig {
  const columns = `customer_id, key, request_hash,
               coalesce(sms_ids, CASE WHEN sms_id IS NOT NULL THEN ARRAY[sms_id] END)::text[] AS sms_ids, response`
  return {
    name: 'accept-read-answers-2',
    text: `SELECT i.* FROM unnest($1::text[], $2::text[], $3::smallint[]) AS asked (customer_id, key, days)
           CROSS JOIN LATERAL (
             SELECT ${columns} FROM idempotency WHERE ${isAsked('idempotency')}
               AND created_at > now() - ${REMEMBERED}
             UNION ALL
             SELECT ${columns} FROM idempotency_scheduled AS later WHERE ${isAsked('later')}
               AND created_at > now() - asked.days * interval '1 day'
             OFFSET 0) AS i`,
    values: [
      textArray(claims.map(({ customerId }) => customerId)),
      textArray(claims.map(({ claim }) => claim.key)),
      numberArray(claims.map(({ claim }) => claim.rememberedDays)),
    ],
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

/** Replaces the answers of requests that were accepted in part before by answers with everything accepted so far. */
export function replaceAnswers(answers: readonly StoredAnswer[]): QueryConfig {
  const replace = (table: string, since: string): string => `UPDATE ${table}
               SET ${SMS_IDS.map((column) => `${column.name} = ${column.of('asked.sms_ids')}`).join(', ')}, response = NULL
               FROM asked WHERE ${isAsked(table)} AND created_at > now() - ${since}`
  return {
    name: 'accept-replace-answers-2',
    text: `WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS answer (customer_id, key, sms_ids)),
             plain AS (${replace('idempotency', REMEMBERED)})
           ${replace('idempotency_scheduled', "$4::smallint * interval '1 day'")}`,
    values: [
      textArray(answers.map(({ customerId }) => customerId)),
      textArray(answers.map(({ key }) => key)),
      textArray(answers.map(({ smsIds }) => numberArray(smsIds))),
      Math.max(...answers.map(({ rememberedDays }) => rememberedDays)),
    ],
  }
}

/** Everything that accepting writes, in one statement. Parameters as `AcceptedRows.parameters` gives them. */
export function insertAccepted(parameters: unknown[]): QueryConfig {
  return { name: 'accept-insert-2', text: INSERT_ACCEPTED, values: parameters }
}

const INSERT_ACCEPTED = `
  WITH accepted AS (
    INSERT INTO messages (sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
      max_retries, valid_until, client_ref, metadata, idempotency_key, ip, user_agent, traceparent, route, mcc_mnc,
      flash, send_at, accepted_at, text_changed)
    SELECT sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
      $1, to_timestamp(valid_until_ms / 1000.0), client_ref, metadata, idempotency_key, ip, user_agent, traceparent,
      route, mcc_mnc, flash, to_timestamp(send_at_ms / 1000.0), to_timestamp($2 / 1000.0), text_changed
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::smallint[], $10::text[],
      $11::bigint[], $12::smallint[], $13::double precision[], $14::text[], $15::jsonb[], $16::text[], $17::text[],
      $18::text[], $19::text[], $20::text[], $21::text[], $22::boolean[], $23::double precision[], $32::boolean[])
      AS message (sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
        valid_until_ms, client_ref, metadata, idempotency_key, ip, user_agent, traceparent, route, mcc_mnc, flash,
        send_at_ms, text_changed)
  ), queued AS (
    INSERT INTO outbox (shard, sms_id, carries)
    SELECT shard, sms_id, CASE WHEN send_at_ms IS NOT NULL THEN 'accepted' END
    FROM unnest($24::smallint[], $3::bigint[], $23::double precision[]) WITH ORDINALITY
      AS row (shard, sms_id, send_at_ms, place)
    ORDER BY place
  ), waiting AS (
    INSERT INTO scheduled (sms_id, kind, shard, due_at)
    SELECT sms_id, 'message', shard, to_timestamp(send_at_ms / 1000.0)
    FROM unnest($24::smallint[], $3::bigint[], $23::double precision[]) WITH ORDINALITY
      AS row (shard, sms_id, send_at_ms, place)
    WHERE send_at_ms IS NOT NULL ORDER BY place
  ), reserved AS (
    INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
    SELECT sms_id, 'reserve', customer_id, -cost, cost
    FROM unnest($3::bigint[], $4::text[], $11::bigint[]) AS entry (sms_id, customer_id, cost)
  ), answer AS (
    SELECT * FROM unnest($25::text[], $26::text[], $27::bytea[], $28::boolean[], $29::text[])
      AS answer (customer_id, key, request_hash, is_scheduled, sms_ids)
  ), answered AS (
    INSERT INTO idempotency (customer_id, key, request_hash, ${SMS_IDS.map(({ name }) => name).join(', ')}, created_at)
    SELECT customer_id, key, request_hash, ${SMS_IDS.map(({ of }) => of('sms_ids')).join(', ')}, to_timestamp($2 / 1000.0) FROM answer WHERE NOT is_scheduled
  ), answered_later AS (
    INSERT INTO idempotency_scheduled (customer_id, key, request_hash, ${SMS_IDS.map(({ name }) => name).join(', ')}, created_at)
    SELECT customer_id, key, request_hash, ${SMS_IDS.map(({ of }) => of('sms_ids')).join(', ')}, to_timestamp($2 / 1000.0) FROM answer WHERE is_scheduled
  )
  UPDATE balances SET balance = balances.balance - spent.amount, reserved = balances.reserved + spent.amount
  FROM unnest($30::text[], $31::bigint[]) AS spent (customer_id, amount)
  WHERE balances.customer_id = spent.customer_id`
