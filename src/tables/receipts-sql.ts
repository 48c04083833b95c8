import { RECEIPT_STATUSES, replaces } from '../domain/receipts.ts'
import { textList } from '../postgres/text-list.ts'
import { sameNumber } from './same-number-sql.ts'

/** For each receipt that may be replaced, which others replace it. */
const REPLACED_BY = RECEIPT_STATUSES.map(
  (before) => [before, RECEIPT_STATUSES.filter((later) => replaces(before, later))] as const,
).filter(([, later]) => later.length > 0)

/** `replaces` of `domain/receipts.ts` as a condition on two columns. */
export function replacesSql(before: string, later: string): string {
  const pairs = REPLACED_BY.map(([status, by]) => `(${before} = '${status}' AND ${later} IN ${textList(by)})`)
  return [`${before} IS NULL`, ...pairs].join(' OR ')
}

/** Orders receipts that were kept for one submit: that which no other replaces first, of several the first that came. */
export const KEPT_RECEIPTS_ORDER = `kept.status IN ${textList(REPLACED_BY.map(([status]) => status))}, kept.received_at`

/** SQL expressions of a submit. */
export interface SubmitColumns {
  readonly smsId: string
  readonly operator: string
  readonly operatorMessageId: string
  /** When its attempt began. */
  readonly startedAt: string
  /** A further condition on `messages`, for the planner. */
  readonly messageRange?: string
}

/**
 * Whether a receipt that was kept (`kept`, of `early_receipts`) is that of a submit. Ids of operators are not unique, so the
 * message's recipient must be the receipt's, where that names one, and it must have come since the attempt began.
 */
export function isKeptFor({ smsId, operator, operatorMessageId, startedAt, messageRange }: SubmitColumns): string {
  const inRange = messageRange === undefined ? '' : ` AND ${messageRange}`
  return `kept.operator = ${operator} AND kept.operator_message_id = ${operatorMessageId}
               AND kept.received_at >= date_trunc('milliseconds', ${startedAt})
               AND (kept.recipient = '' OR EXISTS (SELECT FROM messages WHERE messages.sms_id = ${smsId}${inRange}
                 AND ${sameNumber('messages.phone', 'kept.recipient')}))`
}
