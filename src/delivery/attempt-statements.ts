import type { QueryConfig } from 'pg'
import { booleanArray, numberArray, textArray } from '../postgres/array-literal.ts'
import type { AttemptOutcome } from './attempt-plan.ts'

/*
  Where a range of ids repeats what an array says, it is for the planner: by a range it leaves out the partitions of
  other days, by an array it cannot.
*/

export interface AttemptStart {
  readonly smsId: number
  readonly attempt: number
  readonly operator: string
  readonly possibleDuplicate: boolean
  readonly leaseMs: number
}

export interface AttemptEnd {
  readonly smsId: number
  readonly attempt: number
  readonly outcome: Exclude<AttemptOutcome, null>
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
}

/** Inserts those that are new and returns them; an attempt that is there already is another's. */
export function insertAttempts(starts: readonly AttemptStart[], worker: string): QueryConfig {
  return {
    name: 'attempts-insert',
    text: `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until)
           SELECT sms_id, attempt, operator, $1, possible_duplicate, now(), now() + lease_ms * interval '1 millisecond'
           FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::boolean[], $6::integer[])
             AS start (sms_id, attempt, operator, possible_duplicate, lease_ms)
           ON CONFLICT DO NOTHING RETURNING sms_id, attempt`,
    values: [
      worker,
      numberArray(starts.map(({ smsId }) => smsId)),
      numberArray(starts.map(({ attempt }) => attempt)),
      textArray(starts.map(({ operator }) => operator)),
      booleanArray(starts.map(({ possibleDuplicate }) => possibleDuplicate)),
      numberArray(starts.map(({ leaseMs }) => leaseMs)),
    ],
  }
}

/** Writes how attempts ended. What was decided before stays: an answer may come after the attempt was given up. */
export function endAttempts(ends: readonly AttemptEnd[]): QueryConfig {
  return {
    name: 'attempts-end',
    text: `UPDATE attempts SET outcome = ended.outcome, operator_message_id = ended.operator_message_id,
             error_code = ended.error_code, ended_at = now()
           FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[])
             AS ended (sms_id, attempt, outcome, operator_message_id, error_code)
           WHERE attempts.sms_id = ended.sms_id AND attempts.attempt = ended.attempt
             AND attempts.sms_id BETWEEN $6 AND $7
             AND (attempts.outcome IS NULL OR (attempts.outcome = 'ambiguous' AND attempts.operator_message_id IS NULL
               AND ended.operator_message_id IS NOT NULL))
           RETURNING attempts.sms_id, attempts.attempt`,
    values: [
      numberArray(ends.map(({ smsId }) => smsId)),
      numberArray(ends.map(({ attempt }) => attempt)),
      textArray(ends.map(({ outcome }) => outcome)),
      textArray(ends.map(({ operatorMessageId }) => operatorMessageId)),
      textArray(ends.map(({ errorCode }) => errorCode)),
      Math.min(...ends.map(({ smsId }) => smsId)),
      Math.max(...ends.map(({ smsId }) => smsId)),
    ],
  }
}

/** All attempts of messages, oldest first, and what time the database has. */
export function readAttempts(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'attempts-read',
    text: `SELECT sms_id, attempt, possible_duplicate, outcome, operator_message_id, error_code,
             lease_until, ended_at, clock_timestamp() AS read_at
           FROM attempts WHERE sms_id = ANY($1::bigint[]) AND sms_id BETWEEN $2 AND $3 ORDER BY sms_id, attempt`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)],
  }
}

/** Messages by the operator's ids, looked for among those begun since `sms_id` $3. */
export function findByOperatorIds(operators: readonly string[], ids: readonly string[], smsIdMin: number): QueryConfig {
  return {
    name: 'attempts-find',
    text: `SELECT a.operator, a.operator_message_id, a.sms_id, a.attempt, a.possible_duplicate, m.customer_id,
             m.segments, m.traceparent
           FROM unnest($1::text[], $2::text[]) AS asked (operator, id)
           JOIN attempts a ON a.operator_message_id = asked.id AND a.operator = asked.operator AND a.sms_id >= $3
           JOIN messages m ON m.sms_id = a.sms_id`,
    values: [textArray(operators), textArray(ids), smsIdMin],
  }
}
