import type { QueryConfig } from 'pg'
import type { ReceiptStatus } from '../domain/receipts.ts'
import { firstSmsIdAt } from '../domain/sms-id.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'

/** A receipt for an attempt, or for a part of one; `part` is null for a message in one part. */
export interface StoredReceipt {
  readonly smsId: number
  readonly attempt: number
  readonly part: number | null
  readonly operator: string
  readonly status: ReceiptStatus
  readonly code: string | null
  readonly at: Date
}

/** A receipt that fits no attempt yet. */
export interface EarlyReceipt extends Pick<StoredReceipt, 'operator' | 'status' | 'code' | 'at'> {
  readonly operatorMessageId: string
}

/*
  The rule of `domain/receipts.ts`: the first receipt stands, unless it said that the operator does not know. The rows are
  there, and are found by their keys as in `attempt-statements.ts`.
*/
const SET_RECEIPT = `receipt_status = excluded.receipt_status, receipt_code = excluded.receipt_code,
             receipt_at = excluded.receipt_at, receipt_received_at = excluded.receipt_received_at
           WHERE known.receipt_status IS NULL
             OR (known.receipt_status = 'unknown' AND excluded.receipt_status <> 'unknown')`

/** Stores receipts of messages in one part. Returns those that stand now and did not before. */
export function storeReceipts(receipts: readonly StoredReceipt[]): QueryConfig {
  return {
    name: 'receipts-store',
    text: `INSERT INTO attempts AS known (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until,
             receipt_status, receipt_code, receipt_at, receipt_received_at)
           SELECT sms_id, attempt, operator, '', true, now(), now(), status, code, at, now()
           FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
             AS receipt (sms_id, attempt, operator, status, code, at)
           ON CONFLICT (sms_id, attempt) DO UPDATE SET ${SET_RECEIPT}
           RETURNING sms_id, attempt`,
    values: receiptColumns(receipts),
  }
}

/** Stores receipts of parts. Returns those that stand now and did not before. */
export function storePartReceipts(receipts: readonly StoredReceipt[]): QueryConfig {
  return {
    name: 'part-receipts-store',
    text: `INSERT INTO attempt_parts AS known (sms_id, attempt, operator, outcome, ended_at, receipt_status,
             receipt_code, receipt_at, part, receipt_received_at)
           SELECT sms_id, attempt, operator, 'ambiguous', now(), status, code, at, part, now()
           FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
             $7::smallint[]) AS receipt (sms_id, attempt, operator, status, code, at, part)
           ON CONFLICT (sms_id, attempt, part) DO UPDATE SET ${SET_RECEIPT}
           RETURNING sms_id, attempt, part`,
    values: [...receiptColumns(receipts), numberArray(receipts.map(({ part }) => part))],
  }
}

function receiptColumns(receipts: readonly StoredReceipt[]): unknown[] {
  return [
    numberArray(receipts.map(({ smsId }) => smsId)),
    numberArray(receipts.map(({ attempt }) => attempt)),
    textArray(receipts.map(({ operator }) => operator)),
    textArray(receipts.map(({ status }) => status)),
    textArray(receipts.map(({ code }) => code)),
    textArray(receipts.map(({ at }) => at.toISOString())),
  ]
}

/** Keeps receipts until the answer to their submit is written, at most so many of an operator. */
export function keepEarlyReceipts(receipts: readonly EarlyReceipt[]): QueryConfig {
  return {
    name: 'early-receipts-keep',
    text: `INSERT INTO early_receipts AS known (operator, operator_message_id, status, code, at, received_at)
           SELECT *, now() FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
           ON CONFLICT (operator, operator_message_id) DO UPDATE SET status = excluded.status, code = excluded.code,
             at = excluded.at, received_at = excluded.received_at
           WHERE known.status = 'unknown' AND excluded.status <> 'unknown'`,
    values: [
      textArray(receipts.map(({ operator }) => operator)),
      textArray(receipts.map(({ operatorMessageId }) => operatorMessageId)),
      textArray(receipts.map(({ status }) => status)),
      textArray(receipts.map(({ code }) => code)),
      textArray(receipts.map(({ at }) => at.toISOString())),
    ],
  }
}

/** What an operator's id stands for; the newest first, as operators use their ids again after a while. */
export interface FoundSubmit {
  readonly operator: string
  readonly operator_message_id: string
  readonly sms_id: number
  readonly attempt: number
  readonly part: number | null
  readonly possible_duplicate: boolean
  readonly ended_at: Date
  readonly receipt_status: ReceiptStatus | null
  readonly customer_id: string
  readonly segments: number
  readonly traceparent: string | null
}

/** Looks submits up by the operators' ids, among messages accepted since `sinceMs`. */
export function findSubmits(operators: readonly string[], ids: readonly string[], sinceMs: number): QueryConfig {
  const columns = 'sms_id, attempt, operator_message_id, operator, ended_at, receipt_status'
  return {
    name: 'submits-find',
    text: `SELECT found.*, a.possible_duplicate, m.customer_id, m.segments, m.traceparent
           FROM unnest($1::text[], $2::text[]) AS asked (operator, id)
           CROSS JOIN LATERAL (
             SELECT ${columns}, NULL::smallint AS part FROM attempts WHERE attempts.operator_message_id = asked.id
               AND attempts.operator = asked.operator AND attempts.sms_id >= $3
             UNION ALL
             SELECT ${columns}, part FROM attempt_parts WHERE attempt_parts.operator_message_id = asked.id
               AND attempt_parts.operator = asked.operator AND attempt_parts.sms_id >= $3 OFFSET 0) AS found
           CROSS JOIN LATERAL (SELECT possible_duplicate FROM attempts WHERE attempts.sms_id = found.sms_id
             AND attempts.attempt = found.attempt OFFSET 0) AS a
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = found.sms_id OFFSET 0) AS m
           ORDER BY found.sms_id DESC, found.attempt DESC`,
    values: [textArray(operators), textArray(ids), firstSmsIdAt(sinceMs)],
  }
}
