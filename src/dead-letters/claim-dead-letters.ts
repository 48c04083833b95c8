import type { Connection, Queryable } from '../postgres/pool.ts'
import { RowArrays } from '../postgres/row-arrays.ts'
import {
  behind,
  conditionsOf,
  type DeadLetterCursor,
  type DeadLetterFilter,
  type DeadLetterState,
} from './dead-letter-filter.ts'
import { type DeadLetterPlace, deadLetterId } from './dead-letter-id.ts'

/** Dead letters to change: some by their places, or the oldest open ones that match a filter. */
export type DeadLetterChoice =
  | { readonly kind: 'places'; readonly places: readonly DeadLetterPlace[] }
  | {
      readonly kind: 'filter'
      readonly filter: DeadLetterFilter
      readonly after: DeadLetterCursor | null
      readonly deadLettersMax: number
    }

/** A dead letter that is locked until the transaction ends. */
export interface ClaimedDeadLetter extends DeadLetterPlace {
  readonly id: string
  readonly state: DeadLetterState
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
  readonly state: DeadLetterState
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

export const PLACES = new RowArrays<DeadLetterPlace>({
  partition_: ['integer', ({ partition }) => partition],
  offset_: ['bigint', ({ offset }) => offset],
})

const COLUMNS = `dlq_partition, dlq_offset, state, reason, failed_at, original_topic, redrives, key, headers,
  coalesce(edited_value, value) AS value, revision, closed_by, closed_at`
const OLDEST_FIRST = 'ORDER BY failed_at, dlq_partition, dlq_offset'

/**
 * Locks dead letters, the oldest first: in the order in which records of one key failed. Those that another
 * transaction has locked are skipped, so that no change waits for another.
 */
export async function claimDeadLetters(connection: Connection, choice: DeadLetterChoice): Promise<ClaimedDeadLetter[]> {
  const values: unknown[] = []
  let where: string
  if (choice.kind === 'places') {
    where = `(dlq_partition, dlq_offset) IN (SELECT * FROM ${PLACES.from('asked')}) ${OLDEST_FIRST}`
    values.push(...PLACES.values(choice.places))
  } else {
    const { filter, after, deadLettersMax } = choice
    where = `state = 'open' AND ${conditionsOf(filter, values)} AND ${behind(after, '>', values)} ${OLDEST_FIRST}
      LIMIT ${deadLettersMax}`
  }
  const text = `SELECT ${COLUMNS} FROM dead_letters WHERE ${where} FOR UPDATE SKIP LOCKED`
  const { rows } = await connection.query<Row>(text, values)
  return rows.map(toClaimed)
}

/** Which of these dead letters exist, locked or not. */
export async function existingDeadLetters(
  database: Queryable,
  places: readonly DeadLetterPlace[],
): Promise<Set<string>> {
  const { rows } = await database.query<{ dlq_partition: number; dlq_offset: number }>(
    `SELECT dlq_partition, dlq_offset FROM dead_letters
     WHERE (dlq_partition, dlq_offset) IN (SELECT * FROM ${PLACES.from('asked')})`,
    PLACES.values(places),
  )
  return new Set(rows.map((row) => deadLetterId({ partition: row.dlq_partition, offset: row.dlq_offset })))
}

function toClaimed(row: Row): ClaimedDeadLetter {
  const place = { partition: row.dlq_partition, offset: row.dlq_offset }
  return {
    ...place,
    id: deadLetterId(place),
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
