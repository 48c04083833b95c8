import type { DeadLetterAction } from '../events/dead-letter-action.ts'
import type { Queryable } from '../postgres/pool.ts'
import { type DeadLetterPlace, deadLetterId } from './dead-letter-id.ts'
import { unknownDeadLetter } from './dlq-error.ts'

/** All that is known of a dead letter. Values are JSON where they are, else text, else base64. */
export interface DeadLetterDetails {
  readonly id: string
  readonly state: string
  readonly reason: string
  readonly error: string
  readonly failed_at: string
  readonly original: { topic: string; partition: number; offset: number; consumer_group: string }
  readonly attempts: number
  readonly redrives: number
  readonly revision: number
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: unknown
  /** What a redrive would publish instead; null if it was not edited. */
  readonly edited_value: unknown
  readonly sms_id: number | null
  /** The state of its message; null if it has no known message. */
  readonly message_status: string | null
  readonly actions: readonly DeadLetterAction[]
}

interface Row {
  readonly state: string
  readonly reason: string
  readonly error: string
  readonly failed_at: Date
  readonly original_topic: string
  readonly original_partition: number
  readonly original_offset: number
  readonly consumer_group: string
  readonly attempts: number
  readonly redrives: number
  readonly revision: number
  readonly key: Buffer | null
  readonly headers: [string, string][]
  readonly value: Buffer | null
  readonly edited_value: Buffer | null
  readonly sms_id: number | null
  readonly message_status: string | null
  readonly action_ids: string
}

/** Throws DlqError for an unknown dead letter. */
export async function showDeadLetter(database: Queryable, place: DeadLetterPlace): Promise<DeadLetterDetails> {
  const { rows } = await database.query<Row>({
    name: 'dlq-show',
    text: `SELECT d.*, d.actions::text AS action_ids, CASE WHEN m.sms_id IS NOT NULL THEN coalesce(
             (SELECT status FROM message_states AS s WHERE s.sms_id = d.sms_id), 'accepted') END AS message_status
           FROM dead_letters AS d LEFT JOIN messages AS m ON m.sms_id = d.sms_id
           WHERE dlq_partition = $1 AND dlq_offset = $2`,
    values: [place.partition, place.offset],
  })
  const [row] = rows
  if (!row) throw unknownDeadLetter(deadLetterId(place))
  return toDetails(place, row, await readActions(database, row.action_ids))
}

async function readActions(database: Queryable, ids: string): Promise<DeadLetterAction[]> {
  const { rows } = await database.query<{ record: string }>({
    name: 'dlq-show-actions',
    text: 'SELECT record FROM dead_letter_actions WHERE action_id = ANY($1::bigint[]) ORDER BY action_id',
    values: [ids],
  })
  return rows.map(({ record }) => JSON.parse(record) as DeadLetterAction)
}

function toDetails(place: DeadLetterPlace, row: Row, actions: readonly DeadLetterAction[]): DeadLetterDetails {
  return {
    id: deadLetterId(place),
    state: row.state,
    reason: row.reason,
    error: row.error,
    failed_at: row.failed_at.toISOString(),
    original: {
      topic: row.original_topic,
      partition: row.original_partition,
      offset: row.original_offset,
      consumer_group: row.consumer_group,
    },
    attempts: row.attempts,
    redrives: row.redrives,
    revision: row.revision,
    key: readable(row.key) as string | null,
    headers: Object.fromEntries(row.headers),
    value: parsed(row.value),
    edited_value: parsed(row.edited_value),
    sms_id: row.sms_id,
    message_status: row.message_status,
    actions,
  }
}

function parsed(value: Buffer | null): unknown {
  try {
    return JSON.parse(value?.toString() ?? 'null')
  } catch {
    return readable(value)
  }
}

function readable(bytes: Buffer | null): string | null {
  if (!bytes) return null
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('base64')
}
