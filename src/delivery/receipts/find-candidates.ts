import type { ReceiptStatus } from '../../domain/receipts.ts'
import { SEND_AHEAD_DAYS_LIMIT, VALID_DAYS_MAX } from '../../domain/send-time.ts'
import { storedSubject } from '../../events/status-subject.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ofRecipient, type SubmitCandidate } from '../attempts/choose-submit.ts'
import type { TakenUp } from '../attempts/record-attempts.ts'
import type { Receipt } from '../connectors/connector.ts'
import type { TakenSubmit } from './publish-receipts.ts'
import { type FoundSubmitRow, findSubmits, type KeptReceiptRow, readKeptReceipts } from './receipt-statements.ts'

/** A submit as the tables have it. A receipt that claims it writes itself into it, for the others of the same lookup. */
export interface FoundSubmit extends Omit<SubmitCandidate, 'receiptStatus'> {
  receiptStatus: ReceiptStatus | null
  receiptReceivedAtMs: number | null
  /** The receipt that is stored for it. */
  receipt: TakenUp | null
  readonly taken: TakenSubmit
}

/** What there is for a receipt. */
export interface Candidates {
  /** For each of its ids in their order. */
  readonly byId: readonly (readonly FoundSubmit[])[]
  /** As it was kept, if it was, with the number of those that came like it. */
  readonly kept: KeptReceiptRow | null
}

/** Whether as many submits have taken up a kept receipt as came like it: a submit that did has the time at which it was kept. */
export function isTakenUp({ byId, kept }: Candidates, recipients: readonly string[]): boolean {
  if (kept === null) return false
  const keptAtMs = kept.received_at.getTime()
  const takers = ofRecipient(byId[0]!, recipients).filter(({ receiptReceivedAtMs }) => receiptReceivedAtMs === keptAtMs)
  return takers.length >= kept.copies
}

interface Asked {
  readonly operator: string
  readonly receipt: Pick<Receipt, 'operatorMessageId' | 'otherIds' | 'recipients' | 'status'>
  readonly isKept: boolean
}

const RECEIPT_DAYS_MAX = 7
/** What was scheduled was accepted long before it was sent. */
const SCHEDULED_DAYS_MAX = RECEIPT_DAYS_MAX + SEND_AHEAD_DAYS_LIMIT + VALID_DAYS_MAX
const DAY_MS = 86_400_000

/** Looks up the submits that receipts may be about. Receipts of one call see the same submits, as the same objects. */
export async function findCandidates(
  pool: Pool,
  asked: readonly Asked[],
  nowMs: number,
): Promise<readonly Candidates[]> {
  const found = await findByIds(pool, asked, nowMs)
  const keptOnes = asked.filter(({ isKept }) => isKept)
  const kept = keptOnes.length > 0 ? await readKept(pool, keptOnes) : new Map<string, KeptReceiptRow>()
  return asked.map(({ operator, receipt, isKept }) => {
    const byId = idsOf(receipt).map((id) => found.get(idKey(operator, id)) ?? [])
    return { byId, kept: (isKept && kept.get(keptKey(operator, receipt))) || null }
  })
}

async function findByIds(pool: Pool, asked: readonly Asked[], nowMs: number): Promise<Map<string, FoundSubmit[]>> {
  const recentMs = nowMs - RECEIPT_DAYS_MAX * DAY_MS
  const found = await findAccepted(pool, asked, recentMs, nowMs + DAY_MS)
  const isFound = ({ operator, receipt }: Asked): boolean => idsOf(receipt).some((id) => found.has(idKey(operator, id)))
  const rest = asked.filter((each) => !isFound(each))
  if (rest.length === 0) return found
  // Each day costs a look, so those in which little is found come last.
  return new Map([...found, ...(await findAccepted(pool, rest, nowMs - SCHEDULED_DAYS_MAX * DAY_MS, recentMs))])
}

async function findAccepted(
  pool: Pool,
  asked: readonly Asked[],
  sinceMs: number,
  beforeMs: number,
): Promise<Map<string, FoundSubmit[]>> {
  const keys = new Map(
    asked.flatMap(({ operator, receipt }) =>
      idsOf(receipt).map((id) => [idKey(operator, id), { operator, id }] as const),
    ),
  )
  const { rows } = await pool.query<FoundSubmitRow>(findSubmits([...keys.values()], sinceMs, beforeMs))
  return Map.groupBy(rows.map(toFound), ({ taken }) => idKey(taken.operator, taken.operatorMessageId))
}

async function readKept(pool: Pool, asked: readonly Asked[]): Promise<Map<string, KeptReceiptRow>> {
  const { rows } = await pool.query<KeptReceiptRow>(
    readKeptReceipts(
      asked.map(({ operator, receipt }) => ({
        operator,
        operatorMessageId: receipt.operatorMessageId,
        recipient: receipt.recipients[0] ?? '',
        status: receipt.status,
      })),
    ),
  )
  return new Map(
    rows.map((row) => {
      const { operator, operator_message_id: operatorMessageId, recipient, status } = row
      const recipients = recipient === '' ? [] : [recipient]
      return [keptKey(operator, { operatorMessageId, recipients, status }), row]
    }),
  )
}

function toFound(row: FoundSubmitRow): FoundSubmit {
  const takenAtMs = row.ended_at.getTime()
  const place = { smsId: row.sms_id, attempt: row.attempt, part: row.part, phone: row.phone, takenAtMs }
  return {
    ...place,
    receiptStatus: row.receipt_status,
    receiptReceivedAtMs: row.receipt_received_at?.getTime() ?? null,
    receipt:
      row.receipt_status &&
      ({ status: row.receipt_status, code: row.receipt_code, at: row.receipt_at } satisfies TakenUp),
    isUnderWay: row.is_under_way,
    taken: {
      ...place,
      ...storedSubject(row),
      operator: row.operator,
      operatorMessageId: row.operator_message_id,
      possibleDuplicate: row.possible_duplicate,
    },
  }
}

function idsOf({ operatorMessageId, otherIds }: Asked['receipt']): readonly string[] {
  return [operatorMessageId, ...otherIds]
}

function idKey(operator: string, id: string): string {
  return `${operator} ${id}`
}

function keptKey(
  operator: string,
  { operatorMessageId, recipients, status }: Omit<Asked['receipt'], 'otherIds'>,
): string {
  return `${operator} ${recipients[0] ?? ''} ${status} ${operatorMessageId}`
}
