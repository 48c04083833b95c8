import { outboxShard } from '../../domain/outbox-shard.ts'
import type { Status } from '../../domain/status.ts'
import type { StoredMessage } from '../../events/message-fields.ts'
import { encodePayload } from '../../events/outbox-payload.ts'
import { statusRecord } from '../../events/status-record.ts'
import { type SubjectRow, storedSubject } from '../../events/status-subject.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import { inTransaction } from '../../postgres/transaction.ts'
import { type CancelCandidate, decideCancel } from './cancel-rule.ts'
import { lockState, publishCancelled, readAttempts, readMessage, takeAttempt } from './cancel-statements.ts'

/** `refused`: it is too late, and `why`. */
export type CancelResult =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unknown' }

interface MessageRow extends SubjectRow, Pick<StoredMessage, 'operator' | 'max_retries' | 'valid_until'> {
  /** PostgreSQL's time. */
  readonly now_ms: number
}

/** A worker that begins the attempt first leaves one that is being sent, which the next look finds. */
const TRIES_MAX = 3

/**
 * Cancels a message in one transaction: its next attempt is taken, which a worker can begin no more, and its status put
 * into the outbox; the money is given back by the status, as always. Again it is the same answer.
 */
export async function cancelMessage(pool: Pool, customerId: string, smsId: number): Promise<CancelResult> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const result = await inTransaction(pool, (connection) => tryCancel(connection, customerId, smsId))
    if (result) return result
  }
  return { kind: 'refused', why: 'It is being sent.' }
}

/** Null: a worker was faster. */
async function tryCancel(connection: Connection, customerId: string, smsId: number): Promise<CancelResult | null> {
  const { rows } = await connection.query<MessageRow>(readMessage(smsId, customerId))
  const message = rows[0]
  if (!message) return { kind: 'unknown' }
  const decision = decideCancel(await candidateOf(connection, smsId, message), message.now_ms)
  if (decision.kind === 'cancelled') return decision
  if (decision.kind === 'refuse') return { kind: 'refused', why: decision.why }
  const { attempt } = decision
  const { rowCount } = await connection.query(takeAttempt(smsId, attempt, message.operator))
  if (rowCount === 0) return null
  const payload = cancelledRecord(message, attempt - 1)
  await connection.query(publishCancelled(smsId, outboxShard(customerId), payload))
  return { kind: 'cancelled' }
}

async function candidateOf(connection: Connection, smsId: number, message: MessageRow): Promise<CancelCandidate> {
  const [states, attempts] = await Promise.all([
    connection.query<{ status: Status; attempts_before: number }>(lockState(smsId)),
    connection.query<CancelCandidate['attempts'][number]>(readAttempts(smsId)),
  ])
  return {
    status: states.rows[0]?.status ?? 'accepted',
    attemptsBefore: states.rows[0]?.attempts_before ?? 0,
    maxRetries: message.max_retries,
    validUntilMs: message.valid_until?.getTime() ?? null,
    attempts: attempts.rows,
  }
}

/** The record of `sms.status`, as a worker would publish it that finds the message cancelled. */
function cancelledRecord(message: MessageRow, attempt: number): string {
  const details = { operator: message.operator, attempt, possibleDuplicate: false }
  const record = statusRecord(storedSubject(message), 'cancelled', details, '/smsgw/api', message.now_ms)
  return encodePayload({ ...record, key: Buffer.from(record.key) })
}
