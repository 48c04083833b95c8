import type { Pool } from '../../postgres/pool.ts'

/** Answers by which an operator took messages without naming them so that it could be read. */
export interface UnreadableAnswer {
  /** Why: `answer-without-id`, `answer-unreadable`, `answer-incomplete`, `answer-too-long`. */
  readonly code: string
  readonly answers: number
  readonly first_at: Date
  readonly last_at: Date
  readonly last_sms_id: number
  /** The beginning of the last one, cleaned. */
  readonly sample: string
}

/** Those of each operator, the latest kind first; none for operators whose answers are read. */
export async function readUnreadableAnswers(pool: Pool): Promise<Map<string, UnreadableAnswer[]>> {
  const { rows } = await pool.query<UnreadableAnswer & { operator: string }>(
    `SELECT operator, code, answers, first_at, last_at, last_sms_id, sample FROM unreadable_answers
     ORDER BY last_at DESC`,
  )
  const byOperator = Map.groupBy(rows, ({ operator }) => operator)
  return new Map([...byOperator].map(([name, of]) => [name, of.map(({ operator: _, ...answer }) => answer)]))
}
