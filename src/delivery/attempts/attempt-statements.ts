import type { QueryConfig } from 'pg'
import type { AttemptOutcome, PartOutcome } from '../../domain/attempts/attempt.ts'
import { booleanArray, numberArray, textArray } from '../../postgres/array-literal.ts'
import { isKeptFor, KEPT_RECEIPTS_ORDER, type SubmitColumns } from '../../tables/receipts-sql.ts'

/*
  Where a range of ids repeats what an array says, it is for the planner: by a range it leaves out the partitions of
  other days, by an array it cannot. `OFFSET 0` keeps it from turning a look-up for each row into a join.
*/

export interface AttemptStart {
  readonly smsId: number
  readonly attempt: number
  readonly operator: string
  readonly possibleDuplicate: boolean
  readonly leaseMs: number
  /** How many parts the message has there, and which of them are submitted. */
  readonly partCount: number
  readonly parts: readonly number[]
}

/** How an attempt ended, or a part of one. */
export interface AttemptEnd {
  readonly smsId: number
  readonly attempt: number
  readonly operator: string
  readonly outcome: Exclude<PartOutcome, null>
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
  /** What the operator wrote beside its code. */
  readonly errorText?: string | null
}

export interface PartEnd extends AttemptEnd {
  readonly part: number
}

/**
 * `unidentified` is stored as `sent` without an id of the operator: also a worker of an older version, which takes over
 * during a deployment, must know that the part is taken and is not to be submitted again.
 */
function storedOutcome(outcome: AttemptEnd['outcome']): string {
  return outcome === 'unidentified' ? 'sent' : outcome
}

/** What `storedOutcome` has stored of an attempt of one part, or of a part. */
export function readOutcome<Outcome extends AttemptOutcome>(
  outcome: Outcome,
  operatorMessageId: string | null,
): Outcome | 'unidentified' {
  return outcome === 'sent' && operatorMessageId === null ? 'unidentified' : outcome
}

/** Inserts those that are new and returns them; an attempt that is there already is another's. */
export function insertAttempts(starts: readonly AttemptStart[], worker: string): QueryConfig {
  return {
    name: 'attempts-insert',
    text: `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until,
             part_count, parts)
           SELECT sms_id, attempt, operator, $1, possible_duplicate, now(), now() + lease_ms * interval '1 millisecond',
             part_count, parts::smallint[]
           FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::boolean[], $6::integer[], $7::smallint[], $8::text[])
             AS start (sms_id, attempt, operator, possible_duplicate, lease_ms, part_count, parts)
           ON CONFLICT DO NOTHING RETURNING sms_id, attempt`,
    values: [
      worker,
      numberArray(starts.map(({ smsId }) => smsId)),
      numberArray(starts.map(({ attempt }) => attempt)),
      textArray(starts.map(({ operator }) => operator)),
      booleanArray(starts.map(({ possibleDuplicate }) => possibleDuplicate)),
      numberArray(starts.map(({ leaseMs }) => leaseMs)),
      numberArray(starts.map(({ partCount }) => partCount)),
      textArray(starts.map(({ parts, partCount }) => (parts.length < partCount ? numberArray(parts) : null))),
    ],
  }
}

/*
  What was decided before stays: an answer may come after the attempt was given up. A receipt that came before its answer
  is taken up with it, and returned. The rows are there; written as an upsert, each is found by its key, while the planner
  may compare an update's rows with each.
*/
const TAKE_UP = `outcome = excluded.outcome, operator_message_id = excluded.operator_message_id,
             error_code = excluded.error_code, error_text = excluded.error_text,
             ended_at = excluded.ended_at, receipt_status = excluded.receipt_status, receipt_code = excluded.receipt_code, receipt_at = excluded.receipt_at,
             receipt_received_at = excluded.receipt_received_at`
const LATE_ANSWER = `known.outcome = 'ambiguous' AND known.operator_message_id IS NULL AND excluded.outcome = 'sent'`
const ENDED: SubmitColumns = {
  smsId: 'ended.sms_id',
  operator: 'ended.operator',
  operatorMessageId: 'ended.operator_message_id',
  startedAt: `(SELECT started_at FROM attempts
                 WHERE attempts.sms_id = ended.sms_id AND attempts.attempt = ended.attempt)`,
}
/** The receipt that was kept for a submit, if any. `more` are further conditions. */
const earlyReceipt = (more = '') => `LEFT JOIN LATERAL (SELECT kept.* FROM early_receipts AS kept
             WHERE ${isKeptFor(ENDED)} ${more}
             ORDER BY ${KEPT_RECEIPTS_ORDER} LIMIT 1 OFFSET 0) AS early ON true`
/** Parts of a message that share an id take up as many receipts as were kept: those written before, then these in their order. */
const IS_LEFT = `AND kept.copies > ended.before + (SELECT count(*) FROM attempt_parts AS other
               WHERE other.sms_id = ended.sms_id AND other.attempt = ended.attempt AND other.part <> ended.part
                 AND other.operator_message_id = ended.operator_message_id
                 AND other.receipt_received_at = kept.received_at)`
const WRITTEN = `SELECT total.written, one.* FROM (SELECT count(*) AS written FROM written) AS total
           LEFT JOIN written AS one ON one.receipt_status IS NOT NULL`
const RECEIPT_COLUMNS = 'receipt_status, receipt_code, receipt_at, receipt_received_at'

/** Writes how attempts ended. Returns how many, in a row at least, and those with a receipt. */
export function endAttempts(ends: readonly AttemptEnd[], worker: string): QueryConfig {
  return {
    name: 'attempts-end-4',
    text: `WITH written AS (
             INSERT INTO attempts AS known (sms_id, attempt, operator, worker, possible_duplicate, started_at,
               lease_until, outcome, operator_message_id, error_code, error_text, ended_at, ${RECEIPT_COLUMNS})
             SELECT ended.sms_id, ended.attempt, ended.operator, $1, true, now(), now(), ended.outcome,
               ended.operator_message_id, ended.error_code, ended.error_text, now(), early.status, early.code, early.at,
               early.received_at
             FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
               AS ended (sms_id, attempt, operator, outcome, operator_message_id, error_code, error_text)
             ${earlyReceipt()}
             ON CONFLICT (sms_id, attempt) DO UPDATE SET ${TAKE_UP}
             WHERE known.outcome IS NULL OR (${LATE_ANSWER} AND known.part_count = 1)
             RETURNING sms_id, attempt, ${RECEIPT_COLUMNS}
           )
           ${WRITTEN}`,
    values: [worker, ...endColumns(ends)],
  }
}

/** Writes how parts of attempts ended. Returns how many, in a row at least, and those with a receipt. */
export function endParts(ends: readonly PartEnd[]): QueryConfig {
  return {
    name: 'attempt-parts-end-4',
    text: `WITH written AS (
             INSERT INTO attempt_parts AS known (sms_id, attempt, part, operator, outcome, operator_message_id,
               error_code, error_text, ended_at, ${RECEIPT_COLUMNS})
             SELECT ended.sms_id, ended.attempt, ended.part, ended.operator, ended.outcome, ended.operator_message_id,
               ended.error_code, ended.error_text, now(), early.status, early.code, early.at, early.received_at
             FROM (SELECT *, row_number() OVER (PARTITION BY sms_id, attempt, operator_message_id ORDER BY part) - 1
                 AS before
               FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                 $8::smallint[])
                 AS ended (sms_id, attempt, operator, outcome, operator_message_id, error_code, error_text, part)) AS ended
             ${earlyReceipt(IS_LEFT)}
             ON CONFLICT (sms_id, attempt, part) DO UPDATE SET ${TAKE_UP}
             WHERE ${LATE_ANSWER}
             RETURNING sms_id, attempt, part, ${RECEIPT_COLUMNS}
           )
           ${WRITTEN}`,
    values: [...endColumns(ends), numberArray(ends.map(({ part }) => part))],
  }
}

function endColumns(ends: readonly AttemptEnd[]): unknown[] {
  return [
    numberArray(ends.map(({ smsId }) => smsId)),
    numberArray(ends.map(({ attempt }) => attempt)),
    textArray(ends.map(({ operator }) => operator)),
    textArray(ends.map(({ outcome }) => storedOutcome(outcome))),
    textArray(ends.map(({ operatorMessageId }) => operatorMessageId)),
    textArray(ends.map(({ errorCode }) => errorCode)),
    textArray(ends.map(({ errorText = null }) => errorText)),
  ]
}

/** All attempts of messages, oldest first, how many of them an earlier round had, and what time the database has. */
export function readAttempts(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'attempts-read-2',
    text: `SELECT sms_id, attempt, operator, possible_duplicate, outcome, operator_message_id, error_code, error_text,
             lease_until, ended_at, part_count, parts, receipt_status, receipt_code, receipt_at, receipt_received_at,
             clock_timestamp() AS read_at,
             (SELECT attempts_before FROM message_states WHERE message_states.sms_id = attempts.sms_id
               AND message_states.sms_id BETWEEN $2 AND $3) AS attempts_before
           FROM attempts WHERE sms_id = ANY($1::bigint[]) AND sms_id BETWEEN $2 AND $3 ORDER BY sms_id, attempt`,
    values: keysAndRange(smsIds),
  }
}

/** How the parts of long messages ended, oldest attempt first, each with its receipt if there is one. */
export function readParts(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'attempt-parts-read-2',
    text: `SELECT p.sms_id, p.attempt, p.part, p.operator, p.outcome, p.operator_message_id, p.error_code, p.error_text,
             p.ended_at, p.receipt_status, p.receipt_code, p.receipt_at, p.receipt_received_at
           FROM unnest($1::bigint[]) AS asked (sms_id)
           CROSS JOIN LATERAL (SELECT * FROM attempt_parts WHERE attempt_parts.sms_id = asked.sms_id
             AND attempt_parts.sms_id BETWEEN $2 AND $3 OFFSET 0) AS p
           ORDER BY p.sms_id, p.attempt, p.part`,
    values: keysAndRange(smsIds),
  }
}

function keysAndRange(smsIds: readonly number[]): unknown[] {
  return [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)]
}
