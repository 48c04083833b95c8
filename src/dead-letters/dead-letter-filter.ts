import type { DeadLetterPlace } from './dead-letter-id.ts'

export const DEAD_LETTER_STATES = ['open', 'redriven', 'discarded'] as const

export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]

/** Which dead letters are wanted; of the rest every one. Times in milliseconds since the epoch, `toMs` not included. */
export interface DeadLetterFilter {
  readonly state: DeadLetterState | 'all'
  readonly reason?: string
  readonly customerId?: string
  readonly operator?: string
  readonly topic?: string
  readonly smsId?: number
  /** A part of the error's text, in capitals or not. At least as long as what the index knows texts by. */
  readonly error?: string
  readonly fromMs?: number
  readonly toMs?: number
}

/** Shorter parts of a text cannot be looked up. */
export const ERROR_PART_LENGTH_MIN = 3

/** Where a list continues: behind this dead letter. */
export interface DeadLetterCursor extends DeadLetterPlace {
  readonly failedAtMs: number
}

export function encodeCursor({ failedAtMs, partition, offset }: DeadLetterCursor): string {
  return `${failedAtMs}.${partition}.${offset}`
}

/** Null for what no list has given out. */
export function parseCursor(text: string): DeadLetterCursor | null {
  const [, failedAtMs, partition, offset] = /^(\d{1,15})\.(\d{1,6})\.(\d{1,15})$/.exec(text) ?? []
  if (failedAtMs === undefined) return null
  return { failedAtMs: Number(failedAtMs), partition: Number(partition), offset: Number(offset) }
}

const COLUMNS = {
  reason: 'reason',
  customerId: 'customer_id',
  operator: 'operator',
  topic: 'original_topic',
  smsId: 'sms_id',
} as const

/**
 * The conditions of a filter but for the state, joined by AND. Pushes their values to `values`, in whose places they
 * are named.
 */
export function conditionsOf(filter: DeadLetterFilter, values: unknown[]): string {
  const place = (value: unknown): string => `$${values.push(value)}`
  const conditions = ['true']
  for (const [field, column] of Object.entries(COLUMNS)) {
    const wanted = filter[field as keyof typeof COLUMNS]
    if (wanted !== undefined) conditions.push(`${column} = ${place(wanted)}`)
  }
  if (filter.error !== undefined) conditions.push(`error ILIKE ${place(`%${escapeLike(filter.error)}%`)}`)
  if (filter.fromMs !== undefined) conditions.push(`failed_at >= ${place(new Date(filter.fromMs).toISOString())}`)
  if (filter.toMs !== undefined) conditions.push(`failed_at < ${place(new Date(filter.toMs).toISOString())}`)
  return conditions.join(' AND ')
}

/** The condition that a dead letter comes behind the cursor; `comparison` is `<` in a list of the newest first. */
export function behind(cursor: DeadLetterCursor | null, comparison: '<' | '>', values: unknown[]): string {
  if (!cursor) return 'true'
  const from = values.push(new Date(cursor.failedAtMs).toISOString(), cursor.partition, cursor.offset) - 2
  return `(failed_at, dlq_partition, dlq_offset) ${comparison} ($${from}, $${from + 1}, $${from + 2})`
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
