import type { Queryable } from '../postgres/pool.ts'
import {
  behind,
  conditionsOf,
  LETTER_STATES,
  type LetterCursor,
  type LetterFilter,
  type LetterState,
} from './letter-filter.ts'
import { letterId } from './letter-id.ts'

/** A dead letter as lists show it. */
export interface LetterSummary {
  readonly id: string
  readonly state: LetterState
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

export interface LetterPage {
  readonly letters: readonly LetterSummary[]
  /** Behind the last of them, if there are more. */
  readonly next: LetterCursor | null
}

interface Row extends Omit<LetterSummary, 'id' | 'failed_at'> {
  readonly dlq_partition: number
  readonly dlq_offset: number
  readonly failed_at: Date
}

const COLUMNS = `dlq_partition, dlq_offset, state, reason, error, failed_at, original_topic, sms_id, customer_id,
  operator, redrives, edited_value IS NOT NULL AS edited, closed_by`

/** Dead letters that match a filter, the newest first. The last page takes no longer than the first. */
export async function listLetters(
  database: Queryable,
  filter: LetterFilter,
  after: LetterCursor | null,
  lettersMax: number,
): Promise<LetterPage> {
  const values: unknown[] = []
  const conditions = `${conditionsOf(filter, values)} AND ${behind(after, '<', values)}`
  const tail = `ORDER BY failed_at DESC, dlq_partition DESC, dlq_offset DESC LIMIT ${lettersMax + 1}`
  // Every index begins with the state, so each state is a list of its own.
  const states = filter.state === 'all' ? LETTER_STATES : [filter.state]
  const lists = states.map(
    (state) => `(SELECT ${COLUMNS} FROM dead_letters WHERE state = '${state}' AND ${conditions} ${tail})`,
  )
  const { rows } = await database.query<Row>(`${lists.join(' UNION ALL ')} ${states.length > 1 ? tail : ''}`, values)
  const page = rows.slice(0, lettersMax)
  const last = page.at(-1)
  return {
    letters: page.map(toSummary),
    next:
      rows.length > lettersMax && last
        ? { failedAtMs: last.failed_at.getTime(), partition: last.dlq_partition, offset: last.dlq_offset }
        : null,
  }
}

function toSummary({ dlq_partition: partition, dlq_offset: offset, failed_at, ...row }: Row): LetterSummary {
  return { id: letterId({ partition, offset }), ...row, failed_at: failed_at.toISOString() }
}

/** How many open dead letters match a filter, by reason and topic, of at most `lettersMax`. */
export async function countLetters(
  database: Queryable,
  filter: LetterFilter,
  lettersMax: number,
): Promise<{ reason: string; original_topic: string; letters: number }[]> {
  const values: unknown[] = []
  const { rows } = await database.query<{ reason: string; original_topic: string; letters: number }>(
    `SELECT reason, original_topic, count(*) AS letters FROM (
       SELECT reason, original_topic FROM dead_letters WHERE state = 'open' AND ${conditionsOf(filter, values)}
       ORDER BY failed_at, dlq_partition, dlq_offset LIMIT ${lettersMax}
     ) AS wanted GROUP BY reason, original_topic ORDER BY letters DESC, reason`,
    values,
  )
  return rows
}
