import type { QueryConfig } from 'pg'
import { FINAL_STATUSES } from '../../domain/status.ts'
import { numberArray, textArray } from '../../postgres/array-literal.ts'

/** A day as the table of days has it. */
export interface DayRow {
  readonly day: string
  readonly scanned_to: number
  readonly scanned_at: Date | null
  /** The first of those that are not final. */
  readonly open_messages: readonly number[]
  readonly closed_at: Date | null
}

/** As `retention_days` names the day that starts then. */
export function nameOfDay(dayStartMs: number): string {
  return new Date(dayStartMs).toISOString().slice(0, 10)
}

const FINAL = textArray(FINAL_STATUSES)

export function readDays(): QueryConfig {
  return {
    name: 'retention-read-days',
    text: `SELECT day::text, scanned_to, scanned_at, open_messages::text[] AS open_messages, closed_at
           FROM retention_days ORDER BY day`,
  }
}

/** Days that cannot be closed, as `doctor` names them. */
export function readHeld(): QueryConfig {
  return {
    name: 'retention-read-held',
    text: `SELECT day::text, cardinality(open_messages) AS "openMessages", open_messages[1] AS first
           FROM retention_days WHERE open_messages <> '{}' ORDER BY day`,
  }
}

/** Begins a day, or begins it anew. */
export function beginDay(day: string, firstSmsId: number): QueryConfig {
  return {
    name: 'retention-begin-day',
    text: `INSERT INTO retention_days (day, scanned_to) VALUES ($1, $2)
           ON CONFLICT (day) DO UPDATE SET scanned_to = excluded.scanned_to, scanned_at = NULL, open_messages = '{}'`,
    values: [day, firstSmsId],
  }
}

export function writeScan(
  day: string,
  scannedTo: number,
  open: readonly number[],
  scannedAt: Date | null,
): QueryConfig {
  return {
    name: 'retention-write-scan',
    text: 'UPDATE retention_days SET scanned_to = $2, open_messages = $3::bigint[], scanned_at = $4 WHERE day = $1',
    values: [day, scannedTo, numberArray(open), scannedAt],
  }
}

export function closeDay(day: string, closedAt: Date): QueryConfig {
  return {
    name: 'retention-close-day',
    text: 'UPDATE retention_days SET closed_at = $2 WHERE day = $1',
    values: [day, closedAt],
  }
}

/** Forgets days of which nothing is stored any more. */
export function forgetDays(storedDays: readonly string[]): QueryConfig {
  return {
    name: 'retention-forget-days',
    text: 'DELETE FROM retention_days WHERE NOT day = ANY($1::date[])',
    values: [textArray(storedDays)],
  }
}

/**
 * Of the next messages from one id on, and before another: how many there are, the last of them, and which are not final.
 * A message without a state is not. Looked up by key and within the day, as everywhere (docs/decisions/0006).
 */
export function scanMessages(fromSmsId: number, endSmsId: number, rowsMax: number): QueryConfig {
  return {
    name: 'retention-scan-messages',
    text: `SELECT count(*) AS messages, max(m.sms_id) AS last,
             coalesce(array_agg(m.sms_id::text ORDER BY m.sms_id)
               FILTER (WHERE s.status IS NULL OR s.status <> ALL($4::text[])), '{}') AS open
           FROM (SELECT sms_id FROM messages WHERE sms_id >= $1 AND sms_id < $2 ORDER BY sms_id LIMIT $3) AS m
           LEFT JOIN LATERAL (SELECT status FROM message_states WHERE message_states.sms_id = m.sms_id
             AND message_states.sms_id >= $1 AND message_states.sms_id < $2 OFFSET 0) AS s ON true`,
    values: [fromSmsId, endSmsId, rowsMax, FINAL],
  }
}

/** Which of these are not final. */
export function stillOpen(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'retention-still-open',
    text: `SELECT asked.sms_id FROM unnest($1::bigint[]) AS asked (sms_id)
           LEFT JOIN LATERAL (SELECT status FROM message_states WHERE message_states.sms_id = asked.sms_id
             AND message_states.sms_id BETWEEN $2 AND $3 OFFSET 0) AS s ON true
           WHERE s.status IS NULL OR s.status <> ALL($4::text[]) ORDER BY 1`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds), FINAL],
  }
}

/** Whether records of these messages have still to be published. */
export function isUnpublished(fromSmsId: number, endSmsId: number): QueryConfig {
  return {
    name: 'retention-unpublished',
    text: `SELECT EXISTS (SELECT FROM outbox WHERE sms_id >= $1 AND sms_id < $2)
             OR EXISTS (SELECT FROM scheduled WHERE sms_id >= $1 AND sms_id < $2) AS waits`,
    values: [fromSmsId, endSmsId],
  }
}

/** Adds what a detached day of the ledger comes to. */
export function carryLedger(partition: string): string {
  return `INSERT INTO ledger_carried AS known (customer_id, balance, reserved)
    SELECT customer_id, sum(balance), sum(reserved) FROM ${partition} GROUP BY customer_id ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET balance = known.balance + excluded.balance,
      reserved = known.reserved + excluded.reserved`
}
