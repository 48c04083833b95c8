import type { Queryable } from '../postgres/pool.ts'
import {
  behind,
  conditionsOf,
  DEAD_LETTER_STATES,
  type DeadLetterCursor,
  type DeadLetterFilter,
  type DeadLetterState,
} from './dead-letter-filter.ts'
import { deadLetterId } from './dead-letter-id.ts'

/** A dead letter as lists show it. */
export interface DeadLetterSummary {
  readonly id: string
  readonly state: DeadLetterState
  readonly reason: string
  readonly error: string
  readonly failed_at: string
  readonly original_topic: string
  readonly sms_id: number | null
  readonly customer_id: string | null
  readonly operator: string | null
  readonly redrives: number
  readonly edited: boolean
  readonly closed_by: string | null
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterSummary[]
  /** Behind the last of them, if there are more. */
  readonly next: DeadLetterCursor | null
}

interface Row extends Omit<DeadLetterSummary, 'id' | 'failed_at'> {
  readonly dlq_partition: number
  readonly dlq_offset: number
  readonly failed_at: Date
}

const COLUMNS = `dlq_partition, dlq_offset, state, reason, error, failed_at, original_topic, sms_id, customer_id,
  operator, redrives, edited_value IS NOT NULL AS edited, closed_by`

/** Dead letters that match a filter, the newest first. The last page takes no longer than the first. */
export async function listDeadLetters(
  database: Queryable,
  filter: DeadLetterFilter,
  after: DeadLetterCursor | null,
  deadLettersMax: number,
): Promise<DeadLetterPage> {
  const values: unknown[] = []
  const conditions = `${conditionsOf(filter, values)} AND ${behind(after, '<', values)}`
  const tail = `ORDER BY failed_at DESC, dlq_partition DESC, dlq_offset DESC LIMIT ${deadLettersMax + 1}`
  // Every index begins with the state, so each state is a list of its own.
  const states = filter.state === 'all' ? DEAD_LETTER_STATES : [filter.state]
  const lists = states.map(
    (state) => `(SELECT ${COLUMNS} FROM dead_letters WHERE state = '${state}' AND ${conditions} ${tail})`,
  )
  const { rows } = await database.query<Row>(`${lists.join(' UNION ALL ')} ${states.length > 1 ? tail : ''}`, values)
  const page = rows.slice(0, deadLettersMax)
  const last = page.at(-1)
  return {
    letters: page.map(toSummary),
    next:
      rows.length > deadLettersMax && last
        ? { failedAtMs: last.failed_at.getTime(), partition: last.dlq_partition, offset: last.dlq_offset }
        : null,
  }
}

function toSummary({ dlq_partition: partition, dlq_offset: offset, failed_at, ...row }: Row): DeadLetterSummary {
  return { id: deadLetterId({ partition, offset }), ...row, failed_at: failed_at.toISOString() }
}

/** How many open dead letters match a filter, by reason and topic, of at most `deadLettersMax`. */
export async function countDeadLetters(
  database: Queryable,
  filter: DeadLetterFilter,
  deadLettersMax: number,
): Promise<{ reason: string; original_topic: string; letters: number }[]> {
  const values: unknown[] = []
  const { rows } = await database.query<{ reason: string; original_topic: string; letters: number }>(
    `SELECT reason, original_topic, count(*) AS letters FROM (
       SELECT reason, original_topic FROM dead_letters WHERE state = 'open' AND ${conditionsOf(filter, values)}
       ORDER BY failed_at, dlq_partition, dlq_offset LIMIT ${deadLettersMax}
     ) AS wanted GROUP BY reason, original_topic ORDER BY letters DESC, reason`,
    values,
  )
  return rows
}
