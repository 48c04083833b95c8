import type { QueryConfig } from 'pg'
import { booleanArray, numberArray, textArray } from '../postgres/array-literal.ts'
import type { AttemptOutcome } from './attempt-plan.ts'

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
}

export interface AttemptEnd {
  readonly smsId: number
  readonly attempt: number
  readonly operator: string
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

/**
 * Writes how attempts ended. What was decided before stays: an answer may come after the attempt was given up. The rows
 * are there; written as an upsert, each is found by its key, while the planner may compare an update's rows with each.
 */
export function endAttempts(ends: readonly AttemptEnd[], worker: string): QueryConfig {
  return {
    name: 'attempts-end',
    text: `INSERT INTO attempts AS known (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until,
             outcome, operator_message_id, error_code, ended_at)
           SELECT sms_id, attempt, operator, $1, true, now(), now(), outcome, operator_message_id, error_code, now()
           FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[])
             AS ended (sms_id, attempt, operator, outcome, operator_message_id, error_code)
           ON CONFLICT (sms_id, attempt) DO UPDATE SET outcome = excluded.outcome,
             operator_message_id = excluded.operator_message_id, error_code = excluded.error_code,
             ended_at = excluded.ended_at
           WHERE known.outcome IS NULL OR (known.outcome = 'ambiguous' AND known.operator_message_id IS NULL
             AND excluded.operator_message_id IS NOT NULL)`,
    values: [
      worker,
      numberArray(ends.map(({ smsId }) => smsId)),
      numberArray(ends.map(({ attempt }) => attempt)),
      textArray(ends.map(({ operator }) => operator)),
      textArray(ends.map(({ outcome }) => outcome)),
      textArray(ends.map(({ operatorMessageId }) => operatorMessageId)),
      textArray(ends.map(({ errorCode }) => errorCode)),
    ],
  }
}

/** All attempts of messages, oldest first, how many of them an earlier round had, and what time the database has. */
export function readAttempts(smsIds: readonly number[]): QueryConfig {
  return {
    name: 'attempts-read',
    text: `SELECT sms_id, attempt, possible_duplicate, outcome, operator_message_id, error_code,
             lease_until, ended_at, clock_timestamp() AS read_at,
             (SELECT attempts_before FROM message_states WHERE message_states.sms_id = attempts.sms_id
               AND message_states.sms_id BETWEEN $2 AND $3) AS attempts_before
           FROM attempts WHERE sms_id = ANY($1::bigint[]) AND sms_id BETWEEN $2 AND $3 ORDER BY sms_id, attempt`,
    values: [numberArray(smsIds), Math.min(...smsIds), Math.max(...smsIds)],
  }
}

/** Messages by the operator's ids, looked for among those accepted from `sms_id` $3 to before $4. */
export function findByOperatorIds(
  operators: readonly string[],
  ids: readonly string[],
  smsIdMin: number,
  smsIdEnd: number,
): QueryConfig {
  return {
    name: 'attempts-find',
    text: `SELECT a.operator, a.operator_message_id, a.sms_id, a.attempt, a.possible_duplicate, m.customer_id,
             m.segments, m.traceparent, coalesce(m.send_at, m.accepted_at) AS wanted_at
           FROM unnest($1::text[], $2::text[]) AS asked (operator, id)
           CROSS JOIN LATERAL (SELECT * FROM attempts WHERE attempts.operator_message_id = asked.id
             AND attempts.operator = asked.operator AND attempts.sms_id >= $3
             AND attempts.sms_id < $4 OFFSET 0) AS a
           CROSS JOIN LATERAL (SELECT * FROM messages WHERE messages.sms_id = a.sms_id OFFSET 0) AS m`,
    values: [textArray(operators), textArray(ids), smsIdMin, smsIdEnd],
  }
}
