import { outboxShard } from '../domain/outbox-shard.ts'
import type { DeliveryTask } from '../events/delivery.ts'
import { encodePayload } from '../events/outbox-payload.ts'
import { TOPICS } from '../events/topics.ts'
import { readDatabaseMs } from '../postgres/clock-skew.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { findClosing } from '../tables/closing-days.ts'
import { insertOutbox, type OutboxEntry } from '../tables/outbox-entries.ts'
import { type BatchResult, batchResult, type Refusal } from './batch-result.ts'
import { type ClaimedDeadLetter, claimDeadLetters, type DeadLetterChoice } from './claim-dead-letters.ts'
import { closeDeadLetters } from './close-dead-letters.ts'
import { fieldsOf, REDRIVE_COUNT_HEADER, subjectOf } from './read-dead-letter.ts'
import { recordAction } from './record-action.ts'
import { decideRedrive, type RedriveCandidate, type TaskMessage } from './redrive-rule.ts'
import { chargeBalances, type Reopening, reopenStates, reserveAgain } from './reopen-statements.ts'
import { lockBalances, lockMessages, type MessageRow } from './task-messages.ts'
import { faultsOf, isRedrivable } from './topic-values.ts'

export interface RedriveOptions {
  readonly by: string
  readonly redrivesMax: number
}

/** A dead letter that will be redriven, and the new round of its message, if it gets one. */
interface Redrive {
  readonly letter: ClaimedDeadLetter
  readonly reopening: Reopening | null
}

/** Keys alone, whatever the planner believes of tables that were empty a moment ago (docs/decisions/0006). */
const PLANS_BY_KEY = `SELECT set_config('enable_' || plan, 'off', true) FROM unnest('{seqscan,hashjoin,mergejoin}'::text[]) AS plan`

/**
 * Redrives dead letters in one transaction: they are claimed, decided, closed, counted, and their records put into
 * the outbox; messages that had failed are opened again and charged. So a crash neither loses nor doubles one, and two
 * concurrent redrives of the same dead letters share them.
 */
export async function redriveDeadLetters(
  pool: Pool,
  choice: DeadLetterChoice,
  options: RedriveOptions,
): Promise<BatchResult> {
  return inTransaction(pool, async (connection) => {
    await connection.query(PLANS_BY_KEY)
    const letters = await claimDeadLetters(connection, choice)
    const { redrives, refused } = await decide(connection, letters, options.redrivesMax)
    if (redrives.length > 0) await carryOut(connection, redrives, options.by)
    return batchResult(
      connection,
      choice,
      letters,
      redrives.map(({ letter }) => letter.id),
      refused,
    )
  })
}

async function decide(
  connection: Connection,
  letters: readonly ClaimedDeadLetter[],
  redrivesMax: number,
): Promise<{ redrives: Redrive[]; refused: Refusal[] }> {
  const candidates = letters.map(toCandidate)
  const tasks = candidates.flatMap(({ task, state }) => (task && state === 'open' ? [task] : []))
  const smsIds = [...new Set(tasks.map(({ sms_id }) => sms_id))]
  const closing = await findClosing(connection, smsIds)
  const messages = await lockMessages(connection, smsIds)
  const failed = [...messages.values()].filter(({ status }) => status === 'failed')
  const balances = await lockBalances(connection, [...new Set(failed.map(({ customer_id }) => customer_id))])
  const nowMs = await readDatabaseMs(connection)
  const redrives: Redrive[] = []
  const refused: Refusal[] = []
  for (const [index, letter] of letters.entries()) {
    const candidate = candidates[index]!
    if (candidate.state === 'open' && candidate.task && closing.has(candidate.task.sms_id)) {
      refused.push({ id: letter.id, why: closedWhy(letter.id) })
      continue
    }
    const row = candidate.task && messages.get(candidate.task.sms_id)
    const message = row ? toMessage(row, balances) : null
    const decision = decideRedrive(candidate, message, redrivesMax, nowMs)
    if (decision.kind === 'refuse') refused.push({ id: letter.id, why: decision.why })
    if (decision.kind === 'publish') redrives.push({ letter, reopening: null })
    if (decision.kind !== 'reopen') continue
    const { sms_id: smsId, customer_id: customerId, cost } = row!
    redrives.push({ letter, reopening: { smsId, customerId, cost, attemptsBefore: decision.attemptsBefore } })
    // For the dead letters behind this one, of the same message or customer.
    messages.set(smsId, { ...row!, status: 'queued', settlement: 'reserved' })
    balances.set(customerId, balances.get(customerId)! - cost)
  }
  return { redrives, refused }
}

function closedWhy(id: string): string {
  return `its message is older than RETENTION_MESSAGES_DAYS and is about to be dropped: \`smsgw dlq discard ${id}\``
}

async function carryOut(connection: Connection, redrives: readonly Redrive[], by: string): Promise<void> {
  const nowMs = await readDatabaseMs(connection)
  const letters = redrives.map(({ letter }) => letter)
  const action = await recordAction(connection, 'redriven', by, { letters: letters.map(({ id }) => id) }, nowMs)
  const reopenings = redrives.flatMap(({ reopening }) => reopening ?? [])
  const reopened =
    reopenings.length > 0 ? [reopenStates(reopenings, nowMs), reserveAgain(reopenings), chargeBalances(reopenings)] : []
  const statements = [
    closeDeadLetters(letters, 'redriven', by, action.actionId),
    ...reopened,
    action.insert,
    insertOutbox([...redrives.map((redrive) => toEntry(redrive, nowMs)), action.entry]),
  ]
  await Promise.all(statements.map((statement) => connection.query(statement)))
}

function toCandidate(letter: ClaimedDeadLetter): RedriveCandidate {
  const { id, state, closedBy, reason, topic, redrives, value } = letter
  const faults = isRedrivable(topic) ? faultsOf(topic, value) : [{ pointer: '/', detail: 'nothing is redriven there' }]
  const fault = faults[0] ? `${faults[0].pointer} ${faults[0].detail}` : null
  const isTask = topic === TOPICS.delivery && fault === null
  return {
    id,
    state,
    closedBy,
    reason,
    topic,
    redrives,
    fault,
    task: isTask ? (fieldsOf(value) as unknown as DeliveryTask) : null,
  }
}

function toMessage(row: MessageRow, balances: ReadonlyMap<string, number>): TaskMessage {
  return {
    customerId: row.customer_id,
    cost: row.cost,
    segments: row.segments,
    status: row.status ?? 'accepted',
    settlement: row.settlement ?? 'reserved',
    attempts: Math.max(row.attempt ?? 0, row.attempts ?? 0),
    isTaken: row.is_taken ?? false,
    balance: balances.get(row.customer_id) ?? 0,
  }
}

/**
 * The record as it was at first, but for the count of redrives. A task is to be sent from now on, so that its validity
 * has not ended already, and says which attempts no longer count.
 */
function toEntry({ letter, reopening }: Redrive, nowMs: number): OutboxEntry {
  const { topic, key, value, redrives } = letter
  const { smsId, customerId } = subjectOf(value)
  const fields = topic === TOPICS.delivery ? redrivenTask(value, reopening, nowMs) : null
  const headers = [...letter.headers, [REDRIVE_COUNT_HEADER, String(redrives + 1)] as const]
  return {
    shard: outboxShard(customerId!),
    smsId: smsId!,
    payload: encodePayload({ topic, key, value: fields ? JSON.stringify(fields) : value!.toString(), headers }),
  }
}

function redrivenTask(value: ClaimedDeadLetter['value'], reopening: Reopening | null, nowMs: number): object {
  const task = fieldsOf(value)
  const times = { created_at: new Date(nowMs).toISOString(), accepted_at: task.accepted_at ?? task.created_at }
  return { ...task, ...times, ...(reopening ? { retry_count: reopening.attemptsBefore } : {}) }
}
