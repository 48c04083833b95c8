import {
  type AcceptDecision,
  type AcceptedMessage,
  type AcceptRequest,
  decideAccept,
  type Refused,
} from '../domain/accept.ts'
import type { SmsIds } from '../domain/sms-id.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { lockBalances, replaceAnswers } from './accept-statements.ts'
import { AcceptedRows } from './accepted-rows.ts'
import { givenAnswers } from './given-answers.ts'
import { insertAccepted } from './insert-accepted.ts'
import type { PendingRequest } from './pending-request.ts'

/** What became of a message. */
export type RowOutcome =
  | { readonly kind: 'accepted'; readonly message: AcceptedMessage }
  | { readonly kind: 'replayed'; readonly response: object }
  | Refused

/** How a request ended: what became of each of its messages in their order, or why nothing did. */
export type AcceptResult = { readonly kind: 'rows'; readonly outcomes: readonly RowOutcome[] } | Refused

export interface AcceptBatchOptions {
  /** Where the ids of messages come from. */
  readonly ids: Pick<SmsIds, 'next'>
  /** The clock of the ids: when a message is accepted. */
  readonly nowMs: () => number
  /** Temporary errors of operators that may be followed by another attempt. */
  readonly maxRetries: number
}

/**
 * Accepts requests in one transaction: locks their customers' balances, looks up their idempotency keys, decides,
 * and writes balances, ledger, messages, outbox and answers at once. All or nothing reaches the database.
 * Requests of one customer are charged, and later sent, in the order given here.
 */
export function acceptBatch(
  pool: Pool,
  { ids, nowMs: now, maxRetries }: AcceptBatchOptions,
  requests: readonly PendingRequest[],
): Promise<AcceptResult[]> {
  return inTransaction(pool, async (connection, sendLast) => {
    const balances = await balancesOf(connection, requests)
    const answers = await givenAnswers(connection, requests)
    const decisions = decideAccept(requests, balances, (customerId, key) => answers.get(`${customerId} ${key}`))
    const nowMs = now()
    const rows = new AcceptedRows(nowMs, maxRetries)
    const results = decisions.map((decision, index) => settle(decision, requests[index]!, ids, rows))
    if (rows.messages.length > 0) sendLast(insertAccepted(rows))
    if (rows.replaced.length > 0) sendLast(replaceAnswers(rows.replaced))
    return results
  })
}

function settle(
  decision: AcceptDecision,
  request: PendingRequest,
  ids: Pick<SmsIds, 'next'>,
  rows: AcceptedRows,
): AcceptResult {
  if (decision.kind === 'refused') return decision
  let accepted = 0
  const outcomes = decision.rows.map((row, index): RowOutcome => {
    if (row.kind === 'refused') return row
    if (row.kind === 'replay') return { kind: 'replayed', response: row.response }
    const message = { ...row.draft, smsId: ids.next(rows.nowMs), acceptedAtMs: rows.nowMs }
    rows.addMessage(request, message, request.rows[index]!.claim)
    accepted++
    return { kind: 'accepted', message }
  })
  if (accepted > 0 && request.claim) rows.addAnswer(request, outcomes.map(smsIdOf), decision.isRepeated)
  return { kind: 'rows', outcomes }
}

/** The message that a row came to, now or before; null if it was refused. */
function smsIdOf(outcome: RowOutcome): number | null {
  if (outcome.kind === 'accepted') return outcome.message.smsId
  return outcome.kind === 'replayed' ? (outcome.response as { sms_id: number }).sms_id : null
}

async function balancesOf(connection: Connection, requests: readonly AcceptRequest[]): Promise<Map<string, number>> {
  const customers = [...new Set(requests.map(({ customerId }) => customerId))]
  const { rows } = await connection.query<{ customer_id: string; balance: number }>(lockBalances(customers))
  return new Map(rows.map((row) => [row.customer_id, row.balance]))
}
