import { numberArray } from '../postgres/array-literal.ts'
import type { Connection, Queryable } from '../postgres/pool.ts'
import { behind, conditionsOf, type LetterCursor, type LetterFilter, type LetterState } from './letter-filter.ts'
import { type LetterPlace, letterId } from './letter-id.ts'

/** Dead letters to change: some by their places, or the oldest open ones that match a filter. */
export type LetterChoice =
  | { readonly kind: 'places'; readonly places: readonly LetterPlace[] }
  | {
      readonly kind: 'filter'
      readonly filter: LetterFilter
      readonly after: LetterCursor | null
      readonly lettersMax: number
    }

/** A dead letter that is locked until the transaction ends. */
export interface ClaimedLetter extends LetterPlace {
  readonly id: string
  readonly state: LetterState
  readonly reason: string
  readonly failedAtMs: number
  readonly topic: string
  readonly redrives: number
  readonly key: Buffer | null
  readonly headers: readonly (readonly [string, string])[]
  /** As it was edited last, if it was. */
  readonly value: Buffer | null
  readonly revision: number
  readonly closedBy: string | null
  readonly closedAt: Date | null
}

interface Row {
  readonly dlq_partition: number
  readonly dlq_offset: number
  readonly state: LetterState
  readonly reason: string
  readonly failed_at: Date
  readonly original_topic: string
  readonly redrives: number
  readonly key: Buffer | null
  readonly headers: [string, string][]
  readonly value: Buffer | null
  readonly revision: number
  readonly closed_by: string | null
  readonly closed_at: Date | null
}

const COLUMNS = `dlq_partition, dlq_offset, state, reason, failed_at, original_topic, redrives, key, headers,
  coalesce(edited_value, value) AS value, revision, closed_by, closed_at`
const OLDEST_FIRST = 'ORDER BY failed_at, dlq_partition, dlq_offset'

/**
 * Locks dead letters, the oldest first: in the order in which records of one key failed. Those that another
 * transaction has locked are skipped, so that no change waits for another.
 */
export async function claimLetters(connection: Connection, choice: LetterChoice): Promise<ClaimedLetter[]> {
  const values: unknown[] = []
  let where: string
  if (choice.kind === 'places') {
    where = `(dlq_partition, dlq_offset) IN (SELECT * FROM unnest($1::integer[], $2::bigint[])) ${OLDEST_FIRST}`
    values.push(...arraysOf(choice.places))
  } else {
    const { filter, after, lettersMax } = choice
    where = `state = 'open' AND ${conditionsOf(filter, values)} AND ${behind(after, '>', values)} ${OLDEST_FIRST}
      LIMIT ${lettersMax}`
  }
  const text = `SELECT ${COLUMNS} FROM dead_letters WHERE ${where} FOR UPDATE SKIP LOCKED`
  const { rows } = await connection.query<Row>(text, values)
  return rows.map(toLetter)
}

/** Which of these dead letters exist, locked or not. */
export async function existingLetters(database: Queryable, places: readonly LetterPlace[]): Promise<Set<string>> {
  const { rows } = await database.query<{ dlq_partition: number; dlq_offset: number }>(
    `SELECT dlq_partition, dlq_offset FROM dead_letters
     WHERE (dlq_partition, dlq_offset) IN (SELECT * FROM unnest($1::integer[], $2::bigint[]))`,
    arraysOf(places),
  )
  return new Set(rows.map((row) => letterId({ partition: row.dlq_partition, offset: row.dlq_offset })))
}

export function arraysOf(places: readonly LetterPlace[]): [string, string] {
  return [numberArray(places.map(({ partition }) => partition)), numberArray(places.map(({ offset }) => offset))]
}

function toLetter(row: Row): ClaimedLetter {
  const place = { partition: row.dlq_partition, offset: row.dlq_offset }
  return {
    ...place,
    id: letterId(place),
    state: row.state,
    reason: row.reason,
    failedAtMs: row.failed_at.getTime(),
    topic: row.original_topic,
    redrives: row.redrives,
    key: row.key,
    headers: row.headers,
    value: row.value,
    revision: row.revision,
    closedBy: row.closed_by,
    closedAt: row.closed_at,
  }
}
