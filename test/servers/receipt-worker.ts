import { onTestFinished } from 'vitest'
import { AttemptBook } from '../../src/delivery/attempts/record-attempts.ts'
import type { ConnectorEvents, OddReceipt } from '../../src/delivery/connectors/connector.ts'
import { ReceiptMatcher } from '../../src/delivery/receipts/match-receipts.ts'
import { ReceiptPublisher } from '../../src/delivery/receipts/publish-receipts.ts'
import { ReceiptReviews } from '../../src/delivery/receipts/review-receipts.ts'
import { IncomingMessages } from '../../src/delivery/receipts/store-incoming.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { Status } from '../../src/domain/status.ts'
import type { StatusDetails } from '../../src/events/status-record.ts'
import type { StatusSubject } from '../../src/events/status-subject.ts'
import { createLog } from '../../src/runtime/log.ts'
import { freshDatabase } from './fixtures.ts'
import { statusSubject } from './sample-message.ts'

/** A submit that an operator took. */
export interface SubmitToTake {
  readonly operator: string
  /** E.164. */
  readonly phone: string
  /** The operator's id of each part. */
  readonly ids: readonly string[]
  /** Another worker made it: it is in the tables only. */
  readonly isElsewhere?: boolean
}

/** What a worker does about receipts, with a database of its own; without Kafka and without operators. */
export async function startReceiptWorker() {
  const pool = await freshDatabase()
  const log = createLog('test', 'silent')
  const ids = new SmsIds(3)
  const attempts = new AttemptBook(pool, 'worker')
  const reports: (StatusSubject & { readonly status: Status; readonly details: StatusDetails })[] = []
  /** By operator and outcome. */
  const outcomes = new Map<string, number>()
  const count = (operator: string, outcome: string): void => {
    const key = `${operator} ${outcome}`
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
  }
  const publisher = new ReceiptPublisher({
    attempts,
    reporter: {
      report: async (subject, status, details) => void reports.push({ ...subject, status, details }),
    },
    receiptTimeoutMs: () => 3 * 86_400_000,
  })
  const reviews = new ReceiptReviews({ pool, log })
  const matcher = new ReceiptMatcher({
    pool,
    attempts,
    publisher,
    log,
    counted: count,
    review: (operator, cause, receipt) => reviews.add(operator, cause, receipt),
  })
  const incoming = new IncomingMessages({
    pool,
    log,
    counted: (operator, outcome) => count(operator, `incoming ${outcome}`),
  })
  onTestFinished(async () => {
    await matcher.stop()
    await publisher.stop()
    await attempts.stop()
  })

  const eventsOf = (operator: string): Pick<ConnectorEvents, 'receipt' | 'incoming' | 'oddReceipt'> => ({
    receipt: (receipt) => matcher.take(operator, receipt),
    incoming: (message) => incoming.store(operator, message),
    oddReceipt: (odd: OddReceipt) => {
      count(operator, 'unreadable')
      reviews.add(operator, 'unreadable', odd)
    },
  })

  /** Writes that the operator took it, and lets its receipts come. Returns its sms_id. */
  const take = async ({ operator, phone, ids: operatorIds, isElsewhere = false }: SubmitToTake): Promise<number> => {
    const smsId = ids.next(Date.now())
    await pool.query(
      `INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
         accepted_at) VALUES ($1, 'c', $2, 'x', 'gsm7', $3, $4, 1, 1, 3, now())`,
      [smsId, phone, operatorIds.length, operator],
    )
    const partCount = operatorIds.length
    const parts = operatorIds.map((_, index) => index + 1)
    const of = { smsId, attempt: 1, operator }
    await attempts.begin({ ...of, possibleDuplicate: false, leaseMs: 60_000, partCount, parts })
    const end = { ...of, outcome: 'sent', errorCode: null } as const
    await Promise.all([
      ...(partCount > 1 ? parts : []).map((part) => {
        return attempts.endPart({ ...end, part, operatorMessageId: operatorIds[part - 1]! })
      }),
      attempts.end({ ...end, operatorMessageId: partCount > 1 ? null : operatorIds[0]! }),
    ])
    const subject = statusSubject(smsId, { segments: partCount, dueAtMs: Date.now() })
    if (isElsewhere) return smsId
    for (const part of parts) {
      const operatorMessageId = operatorIds[part - 1]!
      const taken = { operator, operatorMessageId, phone, attempt: 1, possibleDuplicate: false, takenAtMs: Date.now() }
      matcher.expect({ ...subject, ...taken, part: partCount > 1 ? part : null })
    }
    return smsId
  }

  /** The statuses that were published of a message, in their order. */
  const reported = (smsId: number): Status[] =>
    reports.filter((each) => each.smsId === smsId).map(({ status }) => status)
  return { pool, matcher, reports, reported, outcomes, eventsOf, take }
}

export type ReceiptWorker = Awaited<ReturnType<typeof startReceiptWorker>>
