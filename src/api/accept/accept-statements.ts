import type { QueryConfig } from 'pg'
import type { IdempotencyClaim } from '../../domain/accept.ts'
import { numberArray, textArray } from '../../postgres/array-literal.ts'
import type { StoredAnswer } from './accepted-rows.ts'

/** Locks the rows in the order of their key, as everyone does, so that two batches cannot wait for each other. */
export function lockBalances(customerIds: readonly string[]): QueryConfig {
  return {
    name: 'accept-lock-balances',
    text: `SELECT customer_id, balance FROM balances
           WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE`,
    values: [textArray(customerIds)],
  }
}

/** `OFFSET 0` keeps each key a look-up of its own, whatever the planner believes about the table's size. */
export function readAnswers(claims: readonly { customerId: string; claim: IdempotencyClaim }[]): QueryConfig {
  return {
    name: 'accept-read-answers',
    text: `SELECT i.customer_id, i.key, i.request_hash, i.response
           FROM unnest($1::text[], $2::text[], $3::smallint[]) AS asked (customer_id, key, days)
           CROSS JOIN LATERAL (SELECT * FROM idempotency WHERE idempotency.customer_id = asked.customer_id
             AND idempotency.key = asked.key AND created_at > now() - asked.days * interval '1 day' OFFSET 0) AS i`,
    values: [
      textArray(claims.map(({ customerId }) => customerId)),
      textArray(claims.map(({ claim }) => claim.key)),
      numberArray(claims.map(({ claim }) => claim.rememberedDays)),
    ],
  }
}

/** Replaces the answers of requests that were accepted in part before by answers with everything accepted so far. */
export function replaceAnswers(answers: readonly StoredAnswer[]): QueryConfig {
  return {
    name: 'accept-replace-answers',
    text: `UPDATE idempotency SET response = answer.response
           FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS answer (customer_id, key, response)
           WHERE idempotency.customer_id = answer.customer_id AND idempotency.key = answer.key
             AND created_at > now() - $4::smallint * interval '1 day'`,
    values: [
      textArray(answers.map(({ customerId }) => customerId)),
      textArray(answers.map(({ key }) => key)),
      textArray(answers.map(({ response }) => JSON.stringify(response))),
      Math.max(...answers.map(({ rememberedDays }) => rememberedDays)),
    ],
  }
}

/** Everything that accepting writes, in one statement. Parameters as `AcceptedRows.parameters` gives them. */
export function insertAccepted(parameters: unknown[]): QueryConfig {
  return { name: 'accept-insert', text: INSERT_ACCEPTED, values: parameters }
}

const INSERT_ACCEPTED = `
  WITH accepted AS (
    INSERT INTO messages (sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
      max_retries, valid_until, client_ref, metadata, idempotency_key, ip, user_agent, traceparent, route, mcc_mnc,
      flash, send_at, accepted_at)
    SELECT sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
      $1, to_timestamp(valid_until_ms / 1000.0), client_ref, metadata, idempotency_key, ip, user_agent, traceparent,
      route, mcc_mnc, flash, to_timestamp(send_at_ms / 1000.0), to_timestamp($2 / 1000.0)
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::smallint[], $10::text[],
      $11::bigint[], $12::smallint[], $13::double precision[], $14::text[], $15::jsonb[], $16::text[], $17::text[],
      $18::text[], $19::text[], $20::text[], $21::text[], $22::boolean[], $23::double precision[])
      AS message (sms_id, customer_id, phone, text, sender, encoding, segments, operator, cost, priority,
        valid_until_ms, client_ref, metadata, idempotency_key, ip, user_agent, traceparent, route, mcc_mnc, flash,
        send_at_ms)
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
  ), answered AS (
    INSERT INTO idempotency (customer_id, key, request_hash, status, response, created_at)
    SELECT customer_id, key, request_hash, status, response, to_timestamp($2 / 1000.0)
    FROM unnest($25::text[], $26::text[], $27::bytea[], $28::smallint[], $29::jsonb[])
      AS answer (customer_id, key, request_hash, status, response)
  )
  UPDATE balances SET balance = balances.balance - spent.amount, reserved = balances.reserved + spent.amount
  FROM unnest($30::text[], $31::bigint[]) AS spent (customer_id, amount)
  WHERE balances.customer_id = spent.customer_id`
