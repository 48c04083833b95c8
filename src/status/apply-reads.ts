import type { DeadLetterReason } from '../events/dead-letter.ts'
import { EventFormError, eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import type { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isDatabaseUnavailable, isItemFault, sqlState } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import { applyEvents, ConcurrentChangeError } from './apply-events.ts'

const codec = eventCodec(StatusEvent)

/** Why a record is a dead letter. */
export interface Refusal {
  readonly kind: 'refused'
  readonly reason: DeadLetterReason
  readonly error: string
}

/** A record with its event, null if it has none, and what came of it so far. */
export interface ReadStatus {
  readonly record: ConsumedRecord
  readonly event: StatusEvent | null
  state: { readonly kind: 'waiting' } | { readonly kind: 'applied' } | Refusal
}

export interface ApplyParts {
  readonly pool: Pool
  readonly brake: DeadLetterBrake
}

export function readStatus(record: ConsumedRecord): ReadStatus {
  try {
    return { record, event: codec.decode(record.value, record.timestampMs), state: { kind: 'waiting' } }
  } catch (error) {
    if (!(error instanceof EventFormError)) throw error
    return { record, event: null, state: { kind: 'refused', reason: error.reason, error: error.message } }
  }
}

/** All that is there of one message, chosen at random so that a probe is not always the same one. */
export function ofOneMessage(reads: readonly ReadStatus[]): readonly ReadStatus[] {
  const chosen = reads[Math.floor(Math.random() * reads.length)]
  if (!chosen?.event) return chosen ? [chosen] : []
  return reads.filter(({ event }) => event?.sms_id === chosen.event!.sms_id)
}

/**
 * Applies what was read, in as few transactions as may be: where one fails it is taken apart by messages, whose events
 * stay together. What the database refuses for its values is a dead letter; what throws for another reason is one only
 * as long as the brake allows it, and then all that is left waits. Sets `state`. Throws what is no message's fault: a
 * database that is unavailable, a missing table, another updater's change.
 */
export async function applyReads(reads: readonly ReadStatus[], { pool, brake }: ApplyParts): Promise<void> {
  const good = reads.filter(({ event }) => event !== null)
  const messages = [...Map.groupBy(good, ({ event }) => event!.sms_id).values()]
  try {
    await isolateFailures(messages, {
      apply: (some) => applyMessages(pool, brake, some),
      isItemFault: (error) => isItemFault(error) || (mayBeOnes(error) && brake.braked === null),
      isolated(message, error) {
        const { message: cause } = error as Error
        if (!isItemFault(error) && !brake.allows(cause, performance.now())) throw error
        refuse(message, 'handler', cause)
      },
    })
  } catch (error) {
    if (brake.braked === null || !mayBeOnes(error)) throw error
  }
}

async function applyMessages(
  pool: Pool,
  brake: DeadLetterBrake,
  messages: readonly (readonly ReadStatus[])[],
): Promise<undefined[]> {
  const reads = messages.flat()
  const unknown = await applyEvents(
    pool,
    reads.map(({ event }) => event!),
  )
  for (const message of messages) {
    if (unknown.has(message[0]!.event!.sms_id)) refuse(message, 'handler', 'there is no such message')
    else for (const read of message) read.state = { kind: 'applied' }
  }
  if (unknown.size < messages.length) brake.succeeded(messages.length - unknown.size, performance.now())
  return messages.map(() => undefined)
}

function refuse(message: readonly ReadStatus[], reason: DeadLetterReason, error: string): void {
  for (const read of message) read.state = { kind: 'refused', reason, error }
}

/** Whether one message's content may have made the updater fail: PostgreSQL was not even asked, or gave no code. */
function mayBeOnes(error: unknown): boolean {
  return !isDatabaseUnavailable(error) && sqlState(error) === undefined && !(error instanceof ConcurrentChangeError)
}
