import type { QueryConfig } from 'pg'
import { outboxShard } from '../domain/outbox-shard.ts'
import { ACTOR_HEADER, actionType, DeadLetterAction, type DeadLetterActionKind } from '../events/dead-letter-action.ts'
import { envelope } from '../events/envelope.ts'
import { eventCodec } from '../events/event-codec.ts'
import { encodePayload } from '../events/outbox-payload.ts'
import { TOPICS } from '../events/topics.ts'
import { traceparentOf } from '../events/traceparent.ts'
import type { Queryable } from '../postgres/pool.ts'
import { drawReference } from '../tables/draw-reference.ts'
import type { OutboxEntry } from '../tables/outbox-entries.ts'
import { DlqError } from './dlq-error.ts'

const codec = eventCodec(DeadLetterAction)

export interface ActionDetails {
  readonly letters: readonly string[]
  readonly note?: string | null
  readonly valueSha256?: { readonly before: string; readonly after: string }
}

export interface RecordedAction {
  readonly actionId: number
  readonly insert: QueryConfig
  /** For the audit log. */
  readonly entry: OutboxEntry
}

/**
 * A change of dead letters by a person, as a row and as a record for `sms.dlq`, under a reference that is drawn from
 * the database. Throws DlqError for no name.
 */
export async function recordAction(
  database: Queryable,
  kind: DeadLetterActionKind,
  by: string,
  details: ActionDetails,
  nowMs: number,
): Promise<RecordedAction> {
  checkName(by)
  const actionId = await drawReference(database)
  const at = new Date(nowMs).toISOString()
  const record = codec.encode({
    action_id: actionId,
    action: kind,
    by,
    at,
    letters: [...details.letters],
    note: details.note ?? null,
    value_sha256: details.valueSha256 ?? null,
  })
  const event = { id: String(actionId), type: actionType(kind), time: at, traceparent: traceparentOf(actionId, null) }
  const headers = [...envelope(event, '/smsgw/operations'), [ACTOR_HEADER, by] as const]
  return {
    actionId,
    insert: {
      name: 'dlq-action',
      text: 'INSERT INTO dead_letter_actions (action_id, record) VALUES ($1, $2)',
      values: [actionId, record],
    },
    entry: {
      shard: outboxShard(by),
      smsId: actionId,
      payload: encodePayload({ topic: TOPICS.deadLetters, key: Buffer.from(by), value: record, headers }),
    },
  }
}

function checkName(by: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(by)) return
  throw new DlqError('invalid', `"${by}" is not a name. Give yours: up to 64 letters, digits, spaces and . _ @ + -`)
}
