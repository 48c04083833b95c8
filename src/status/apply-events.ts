import type { Settlement } from '../domain/ledger.ts'
import type { Status } from '../domain/status.ts'
import { decodeSteps } from '../domain/timeline-steps.ts'
import type { StatusEvent } from '../events/status.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import { inTransaction, type SendLast } from '../postgres/transaction.ts'
import { type Advance, advance, type MessageState, type TimelineEntry } from './advance-state.ts'
import { enterSettlements, readMessages, readStates, settleBalances, writeStates } from './state-statements.ts'

/** Another updater changed one of the messages meanwhile, as during a rebalance: read again and apply again. */
export class ConcurrentChangeError extends Error {
  override readonly name = 'ConcurrentChangeError'
}

interface MessageRow {
  readonly sms_id: number
  readonly customer_id: string
  readonly cost: number
}

interface StateRow {
  readonly sms_id: number
  readonly status: Status
  readonly attempt: number
  readonly attempts_before: number
  readonly settlement: Settlement
  readonly operator_message_id: string | null
  readonly error_code: string | null
  readonly error_message: string | null
  readonly possible_duplicate: boolean
  /** As rows were written before `steps`. */
  readonly timeline: TimelineEntry[] | null
  readonly steps: string | null
  readonly revision: number
}

/**
 * Applies status events in one transaction: states, timelines, ledger and balances, all or nothing, and again without
 * effect. Returns the ids of messages that there are not.
 */
export async function applyEvents(pool: Pool, events: readonly StatusEvent[]): Promise<ReadonlySet<number>> {
  const bySms = Map.groupBy(events, ({ sms_id }) => sms_id)
  return inTransaction(pool, async (connection, sendLast) => {
    const states = await statesOf(connection, [...bySms.keys()])
    const advances: Advance[] = []
    for (const [smsId, state] of states) {
      const advanced = advance(state, bySms.get(smsId)!)
      if (advanced) advances.push(advanced)
    }
    if (advances.length > 0) await write(connection, sendLast, advances)
    return new Set([...bySms.keys()].filter((smsId) => !states.has(smsId)))
  })
}

async function statesOf(connection: Connection, smsIds: readonly number[]): Promise<Map<number, MessageState>> {
  const [messages, states] = await Promise.all([
    connection.query<MessageRow>(readMessages(smsIds)),
    connection.query<StateRow>(readStates(smsIds)),
  ])
  const known = new Map(states.rows.map((row) => [row.sms_id, row]))
  return new Map(messages.rows.map((row) => [row.sms_id, toState(row, known.get(row.sms_id))]))
}

/** Balances come last, and the commit along with them: they are what accepting waits for. */
async function write(connection: Connection, sendLast: SendLast, advances: readonly Advance[]): Promise<void> {
  const { rowCount } = await connection.query(writeStates(advances.map(({ state }) => state)))
  if (rowCount !== advances.length) throw new ConcurrentChangeError('a message was changed by another status updater')
  if (!advances.some(({ settles }) => settles)) return
  await connection.query(enterSettlements(advances))
  sendLast(settleBalances(advances))
}

function toState(
  { sms_id: smsId, customer_id: customerId, cost }: MessageRow,
  row: StateRow | undefined,
): MessageState {
  if (!row) return { ...UNTOUCHED, smsId, customerId, cost }
  return {
    smsId,
    customerId,
    cost,
    status: row.status,
    attempt: row.attempt,
    attemptsBefore: row.attempts_before,
    settlement: row.settlement,
    operatorMessageId: row.operator_message_id,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    possibleDuplicate: row.possible_duplicate,
    timeline: row.steps === null ? (row.timeline ?? []) : decodeSteps<TimelineEntry>(row.steps),
    revision: row.revision,
  }
}

const UNTOUCHED: Omit<MessageState, 'smsId' | 'customerId' | 'cost'> = {
  status: 'accepted',
  attempt: 0,
  attemptsBefore: 0,
  settlement: 'reserved',
  operatorMessageId: null,
  errorCode: null,
  errorMessage: null,
  possibleDuplicate: false,
  timeline: [],
  revision: 0,
}
