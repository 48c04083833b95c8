import {
  type AcceptDecision,
  type AcceptRequest,
  decideAccept,
  type GivenAnswer,
  type MessageDraft,
} from '../../domain/accept.ts'
import type { SmsIds } from '../../domain/sms-id.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import { inTransaction } from '../../postgres/transaction.ts'
import { insertAccepted, lockBalances, readAnswers } from './accept-statements.ts'
import { AcceptedRows } from './accepted-rows.ts'

/** Where a request came from, as its messages remember it. */
export interface RequestOrigin {
  readonly ip: string | null
  readonly userAgent: string | null
  readonly traceparent: string | null
}

/** A request in hand; `answer` builds what is told to the caller, and stored under its key. */
export interface PendingRequest extends AcceptRequest {
  readonly origin: RequestOrigin
  readonly answer: (accepted: readonly (AcceptedMessage | null)[]) => { status: number; response: unknown }
}

export interface AcceptedMessage extends MessageDraft {
  readonly smsId: number
  readonly acceptedAtMs: number
}

/** How a request ended; `null` in `accepted` stands for a draft that the balance did not cover. */
export type AcceptResult =
  | {
      readonly kind: 'accepted'
      readonly status: number
      readonly response: unknown
      readonly smsIds: readonly number[]
    }
  | { readonly kind: 'replayed'; readonly status: number; readonly response: unknown }
  | { readonly kind: 'unfunded' }
  | Exclude<AcceptDecision, { kind: 'accept' | 'replay' }>

/**
 * Accepts requests in one transaction: locks their customers' balances, looks up their idempotency keys, decides,
 * and writes balances, ledger, messages, outbox and answers at once. All or nothing reaches the database.
 * Requests of one customer are charged, and later sent, in the order given here.
 */
export function acceptBatch(
  pool: Pool,
  ids: Pick<SmsIds, 'next'>,
  requests: readonly PendingRequest[],
  now: () => number,
): Promise<AcceptResult[]> {
  return inTransaction(pool, async (connection, sendLast) => {
    const balances = await balancesOf(connection, requests)
    const answers = await answersTo(connection, requests)
    const decisions = decideAccept(requests, balances, (customerId, key) => answers.get(`${customerId} ${key}`))
    const nowMs = now()
    const rows = new AcceptedRows(nowMs)
    const results = decisions.map((decision, index) => settle(decision, requests[index]!, ids, rows, nowMs))
    if (rows.count > 0) sendLast(insertAccepted(rows.parameters()))
    return results
  })
}

function settle(
  decision: AcceptDecision,
  request: PendingRequest,
  ids: Pick<SmsIds, 'next'>,
  rows: AcceptedRows,
  nowMs: number,
): AcceptResult {
  if (decision.kind === 'replay') {
    return { kind: 'replayed', status: decision.answer.status, response: decision.answer.response }
  }
  if (decision.kind !== 'accept') return decision
  if (!decision.funded.includes(true)) return { kind: 'unfunded' }
  const accepted = request.drafts.map((draft, index): AcceptedMessage | null => {
    return decision.funded[index] ? { ...draft, smsId: ids.next(nowMs), acceptedAtMs: nowMs } : null
  })
  const { status, response } = request.answer(accepted)
  const messages = accepted.filter((message) => message !== null)
  rows.add(request, messages, status, response)
  return { kind: 'accepted', status, response, smsIds: messages.map(({ smsId }) => smsId) }
}

async function balancesOf(connection: Connection, requests: readonly AcceptRequest[]): Promise<Map<string, number>> {
  const customers = [...new Set(requests.map(({ customerId }) => customerId))]
  const { rows } = await connection.query<{ customer_id: string; balance: number }>(lockBalances(customers))
  return new Map(rows.map((row) => [row.customer_id, row.balance]))
}

async function answersTo(
  connection: Connection,
  requests: readonly AcceptRequest[],
): Promise<Map<string, GivenAnswer>> {
  const claims = requests.filter(({ idempotency }) => idempotency !== null)
  if (claims.length === 0) return new Map()
  const { rows } = await connection.query<{
    customer_id: string
    key: string
    request_hash: Buffer
    status: number
    response: unknown
  }>(
    readAnswers(
      claims.map(({ customerId }) => customerId),
      claims.map(({ idempotency }) => idempotency!.key),
    ),
  )
  return new Map(
    rows.map((row) => [
      `${row.customer_id} ${row.key}`,
      { requestHash: row.request_hash, status: row.status, response: row.response },
    ]),
  )
}
