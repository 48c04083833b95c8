import type { QueryConfig } from 'pg'
import type { ReceiptStatus } from '../domain/receipts.ts'
import { STATUSES, type Status, TRANSITIONS } from '../domain/status.ts'
import { subjectColumns } from '../events/status-subject.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import { isKeptFor, KEPT_RECEIPTS_ORDER, type SubmitColumns } from '../tables/receipts-sql.ts'

export interface OpenMessageRow {
  readonly sms_id: number
  readonly status: Status | null
  /** To which it was routed; null for one that has no route yet. */
  readonly operator: string | null
  /** When it was accepted, or was to be sent. */
  readonly due_at: Date
}

/** States from which a message may still get on. */
const OPEN = STATUSES.filter((status) => TRANSITIONS[status].length > 0)

/**
 * Messages after `smsIdAfter` and before `smsIdEnd` that have come to no end. States are looked up one by one, within the
 * same range, so that only their day's partition is.
 */
export function readOpenMessages(smsIdAfter: number, smsIdEnd: number, rowsMax: number): QueryConfig {
  return {
    name: 'watch-open-messages-3',
    text: `SELECT m.sms_id, s.status, m.operator, coalesce(m.send_at, m.accepted_at) AS due_at
           FROM messages AS m
           LEFT JOIN LATERAL (SELECT status FROM message_states WHERE message_states.sms_id = m.sms_id
             AND message_states.sms_id > $1 AND message_states.sms_id < $2 OFFSET 0) AS s ON true
           WHERE m.sms_id > $1 AND m.sms_id < $2 AND (s.status IS NULL OR s.status = ANY($4::text[]))
           ORDER BY m.sms_id LIMIT $3`,
    values: [smsIdAfter, smsIdEnd, rowsMax, textArray(OPEN)],
  }
}

/** Messages as their statuses need them. */
export function readSubjects(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'watch-subjects',
    text: `SELECT ${subjectColumns('m')} FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = asked.sms_id
             AND messages.sms_id BETWEEN $2 AND $3 OFFSET 0) AS m`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)],
  }
}

export interface TakenSubmitRow {
  readonly sms_id: number
  readonly attempt: number
  readonly part: number
  readonly part_count: number
  readonly operator: string
  /** Null if the answer could not be read: no receipt can match then. */
  readonly operator_message_id: string | null
  readonly possible_duplicate: boolean
  readonly ended_at: Date
  readonly receipt_status: ReceiptStatus | null
  readonly receipt_code: string | null
  readonly receipt_at: Date | null
  readonly receipt_received_at: Date | null
}

const TAKEN: SubmitColumns = {
  smsId: 'a.sms_id',
  operator: 'a.operator',
  operatorMessageId: 'taken.operator_message_id',
  startedAt: 'a.started_at',
  messageRange: 'messages.sms_id BETWEEN $2 AND $3',
}

/**
 * What operators took of messages, oldest first, with the receipts that are there; also those that were not matched
 * because they came while the answer was being written.
 */
export function readTakenSubmits(smsIds: readonly number[]): QueryConfig {
  const columns = `outcome, operator_message_id, ended_at, receipt_status, receipt_code, receipt_at, receipt_received_at`
  return {
    name: 'watch-taken-submits-3',
    text: `SELECT a.sms_id, a.attempt, taken.part, a.part_count, a.operator, taken.operator_message_id,
             a.possible_duplicate, taken.ended_at, coalesce(taken.receipt_status, early.status) AS receipt_status,
             CASE WHEN taken.receipt_status IS NULL THEN early.code ELSE taken.receipt_code END AS receipt_code,
             coalesce(taken.receipt_at, early.at) AS receipt_at,
             coalesce(taken.receipt_received_at, early.received_at) AS receipt_received_at
           FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM attempts WHERE attempts.sms_id = asked.sms_id
             AND attempts.sms_id BETWEEN $2 AND $3 OFFSET 0) AS a
           CROSS JOIN LATERAL (
             SELECT 1::smallint AS part, a.outcome, a.operator_message_id, a.ended_at, a.receipt_status, a.receipt_code,
               a.receipt_at, a.receipt_received_at WHERE a.part_count = 1
             UNION ALL
             SELECT part, ${columns} FROM attempt_parts WHERE a.part_count > 1 AND attempt_parts.sms_id = a.sms_id
               AND attempt_parts.attempt = a.attempt AND attempt_parts.sms_id BETWEEN $2 AND $3 OFFSET 0) AS taken
           LEFT JOIN LATERAL (SELECT kept.* FROM early_receipts AS kept
             WHERE taken.receipt_status IS NULL AND ${isKeptFor(TAKEN)}
               AND (a.part_count = 1 OR kept.copies > (SELECT count(*) FROM attempt_parts AS other
                 WHERE other.sms_id = a.sms_id AND other.attempt = a.attempt AND other.sms_id BETWEEN $2 AND $3
                   AND other.operator_message_id = taken.operator_message_id
                   AND (other.receipt_received_at = kept.received_at
                     OR (other.receipt_status IS NULL AND other.part < taken.part))))
             ORDER BY ${KEPT_RECEIPTS_ORDER} LIMIT 1 OFFSET 0) AS early ON true
           WHERE taken.outcome = 'sent'
           ORDER BY a.sms_id, a.attempt, taken.part`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)],
  }
}

export function readFirstMessage(): QueryConfig {
  return { name: 'watch-first-message', text: 'SELECT min(sms_id) AS sms_id FROM messages' }
}
