import type { QueryConfig } from 'pg'
import type { ReceiptStatus } from '../../domain/receipts.ts'
import { firstSmsIdAt } from '../../domain/sms-id.ts'
import { type SubjectRow, subjectColumns } from '../../events/status-subject.ts'
import { type Column, RowArrays } from '../../postgres/row-arrays.ts'
import { replacesSql } from '../../tables/receipts-sql.ts'

/** A receipt for an attempt, or for a part of one; `part` is null for a message in one part. */
export interface StoredReceipt {
  readonly smsId: number
  readonly attempt: number
  readonly part: number | null
  readonly operator: string
  readonly status: ReceiptStatus
  readonly code: string | null
  readonly at: Date
  /** When it was kept as early, by which its submit is known to have taken it up; null or absent: now. */
  readonly receivedAt?: Date | null
}

/** A receipt that fits no attempt yet. */
export interface EarlyReceipt extends Pick<StoredReceipt, 'operator' | 'status' | 'code' | 'at'> {
  readonly operatorMessageId: string
  /** Digits of the message's recipient (`comparableDigits`); empty or absent where the receipt names none. */
  readonly recipient?: string
}

/*
  The rows are there, and are found by their keys as in `attempt-statements.ts`.
*/
const SET_RECEIPT = `receipt_status = excluded.receipt_status, receipt_code = excluded.receipt_code,
             receipt_at = excluded.receipt_at, receipt_received_at = excluded.receipt_received_at
           WHERE ${replacesSql('known.receipt_status', 'excluded.receipt_status')}`

const RECEIPT_COLUMNS = {
  sms_id: ['bigint', ({ smsId }) => smsId],
  attempt: ['smallint', ({ attempt }) => attempt],
  operator: ['text', ({ operator }) => operator],
  status: ['text', ({ status }) => status],
  code: ['text', ({ code }) => code],
  at: ['timestamptz', ({ at }) => at.toISOString()],
  received_at: ['timestamptz', ({ receivedAt }) => receivedAt?.toISOString() ?? null],
} as const satisfies Readonly<Record<string, Column<StoredReceipt>>>

const RECEIPTS = new RowArrays<StoredReceipt>(RECEIPT_COLUMNS)
const PART_RECEIPTS = new RowArrays<StoredReceipt>({ ...RECEIPT_COLUMNS, part: ['smallint', ({ part }) => part] })

/** Stores receipts of messages in one part. Returns those that are newly stored. */
export function storeReceipts(receipts: readonly StoredReceipt[]): QueryConfig {
  return {
    name: 'receipts-store-2',
    text: `INSERT INTO attempts AS known (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until,
             receipt_status, receipt_code, receipt_at, receipt_received_at)
           SELECT sms_id, attempt, operator, '', true, now(), now(), status, code, at, coalesce(received_at, now())
           FROM ${RECEIPTS.from('receipt')}
           ON CONFLICT (sms_id, attempt) DO UPDATE SET ${SET_RECEIPT}
           RETURNING sms_id, attempt`,
    values: RECEIPTS.values(receipts),
  }
}

/** Stores receipts of parts. Returns those that are newly stored. */
export function storePartReceipts(receipts: readonly StoredReceipt[]): QueryConfig {
  return {
    name: 'part-receipts-store-2',
    text: `INSERT INTO attempt_parts AS known (sms_id, attempt, operator, outcome, ended_at, receipt_status,
             receipt_code, receipt_at, part, receipt_received_at)
           SELECT sms_id, attempt, operator, 'ambiguous', now(), status, code, at, part, coalesce(received_at, now())
           FROM ${PART_RECEIPTS.from('receipt')}
           ON CONFLICT (sms_id, attempt, part) DO UPDATE SET ${SET_RECEIPT}
           RETURNING sms_id, attempt, part`,
    values: PART_RECEIPTS.values(receipts),
  }
}

const EARLY_RECEIPTS = new RowArrays<EarlyReceipt>({
  operator: ['text', ({ operator }) => operator],
  operator_message_id: ['text', ({ operatorMessageId }) => operatorMessageId],
  recipient: ['text', ({ recipient }) => recipient ?? ''],
  status: ['text', ({ status }) => status],
  code: ['text', ({ code }) => code],
  at: ['timestamptz', ({ at }) => at.toISOString()],
})

/**
 * Keeps receipts until the answer to their submit is written. Receipts that say the same are counted: the parts of a long
 * message may share an id. None of those given may be alike. Milliseconds, as JavaScript compares the times.
 */
export function keepEarlyReceipts(receipts: readonly EarlyReceipt[]): QueryConfig {
  return {
    name: 'early-receipts-keep-2',
    text: `INSERT INTO early_receipts AS known (${EARLY_RECEIPTS.names}, received_at)
           SELECT *, date_trunc('milliseconds', clock_timestamp()) FROM ${EARLY_RECEIPTS.from('receipt')}
           ON CONFLICT (operator, operator_message_id, recipient, status)
             DO UPDATE SET copies = least(known.copies + 1, 1000)`,
    values: EARLY_RECEIPTS.values(receipts),
  }
}

export interface KeptReceiptRow {
  readonly operator: string
  readonly operator_message_id: string
  readonly recipient: string
  readonly status: ReceiptStatus
  readonly received_at: Date
  /** How many came that say the same. */
  readonly copies: number
}

type KeptReceiptKey = Required<Pick<EarlyReceipt, 'operator' | 'operatorMessageId' | 'recipient' | 'status'>>

const KEPT_KEYS = new RowArrays<KeptReceiptKey>({
  operator: ['text', ({ operator }) => operator],
  id: ['text', ({ operatorMessageId }) => operatorMessageId],
  recipient: ['text', ({ recipient }) => recipient],
  status: ['text', ({ status }) => status],
})

/** Reads receipts that were kept. */
export function readKeptReceipts(keys: readonly KeptReceiptKey[]): QueryConfig {
  return {
    name: 'early-receipts-read',
    text: `SELECT early.operator, early.operator_message_id, early.recipient, early.status, early.received_at, early.copies
           FROM ${KEPT_KEYS.from('asked')}
           JOIN early_receipts AS early ON early.operator = asked.operator AND early.operator_message_id = asked.id
             AND early.recipient = asked.recipient AND early.status = asked.status`,
    values: KEPT_KEYS.values(keys),
  }
}

/** A submit that an operator answered by an id. */
export interface FoundSubmitRow extends SubjectRow {
  readonly operator: string
  readonly operator_message_id: string
  readonly attempt: number
  readonly part: number | null
  readonly phone: string
  readonly possible_duplicate: boolean
  readonly ended_at: Date
  readonly receipt_status: ReceiptStatus | null
  readonly receipt_code: string | null
  /** Set where the status is. */
  readonly receipt_at: Date
  readonly receipt_received_at: Date | null
  /** Other parts of its attempt await their answers. */
  readonly is_under_way: boolean
}

/** Submits with one id that are looked at, the newest. An operator that answers each alike must not make a lookup read a day of them. */
const SUBMITS_OF_ID_MAX = 500

const DIGEST = (operator: string, id: string): string => `hashtextextended(${operator} || ' ' || ${id}, 0)`
/** By the index of migration 0022, and then by what was digested. */
const isAsked = (table: string): string => `${DIGEST(`${table}.operator`, `${table}.operator_message_id`)}
                 = ${DIGEST('asked.operator', 'asked.id')} AND ${table}.operator_message_id = asked.id
                 AND ${table}.operator = asked.operator`

interface OperatorId {
  readonly operator: string
  readonly id: string
}

const OPERATOR_IDS = new RowArrays<OperatorId>({
  operator: ['text', ({ operator }) => operator],
  id: ['text', ({ id }) => id],
})

/** Looks submits up by the operators' ids, among messages accepted since `sinceMs` and before `beforeMs`. */
export function findSubmits(asked: readonly OperatorId[], sinceMs: number, beforeMs: number): QueryConfig {
  const columns = `sms_id, attempt, operator_message_id, operator, ended_at, receipt_status, receipt_code, receipt_at,
                 receipt_received_at`
  return {
    name: 'submits-find-5',
    text: `SELECT found.*, a.possible_duplicate, found.part IS NOT NULL AND a.outcome IS NULL AS is_under_way,
             m.phone, ${subjectColumns('m')}
           FROM ${OPERATOR_IDS.from('asked', 3)}
           CROSS JOIN LATERAL (
             (SELECT ${columns}, NULL::smallint AS part FROM attempts WHERE ${isAsked('attempts')}
                AND attempts.sms_id >= $1 AND attempts.sms_id < $2
              ORDER BY attempts.sms_id DESC LIMIT ${SUBMITS_OF_ID_MAX})
             UNION ALL
             (SELECT ${columns}, part FROM attempt_parts WHERE ${isAsked('attempt_parts')}
                AND attempt_parts.sms_id >= $1 AND attempt_parts.sms_id < $2
              ORDER BY attempt_parts.sms_id DESC LIMIT ${SUBMITS_OF_ID_MAX})
             OFFSET 0) AS found
           CROSS JOIN LATERAL (SELECT possible_duplicate, outcome FROM attempts WHERE attempts.sms_id = found.sms_id
             AND attempts.attempt = found.attempt OFFSET 0) AS a
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = found.sms_id OFFSET 0) AS m`,
    values: [firstSmsIdAt(sinceMs), firstSmsIdAt(beforeMs), ...OPERATOR_IDS.values(asked)],
  }
}
