import { SEND_AHEAD_DAYS_LIMIT, VALID_DAYS_MAX } from '../domain/send-time.ts'
import { firstSmsIdAt } from '../domain/sms-id.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import { findByOperatorIds } from './attempt-statements.ts'
import type { Receipt } from './connectors/connector.ts'
import type { StatusReporter, StatusSubject } from './status-reporter.ts'

/** A sent message whose receipt may come. */
export interface ExpectedReceipt extends StatusSubject {
  readonly attempt: number
  readonly possibleDuplicate: boolean
}

interface Sought {
  readonly operator: string
  readonly receipt: Receipt
  readonly sinceMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface ReceiptMatcherParts {
  readonly pool: Pool
  readonly reporter: StatusReporter
  readonly log: Log
  readonly counted: (operator: string, outcome: 'matched' | 'unmatched') => void
}

const REMEMBERED_MAX = 200_000
const SOUGHT_MAX = 50_000
const LOOKUP_MAX = 500
const LOOKUP_MS = 250
/** A receipt may overtake the answer to its submit, which may be on its way to another worker. */
const UNMATCHED_AFTER_MS = 60_000
const RECEIPT_DAYS_MAX = 7
/** What was scheduled was accepted long before it was sent. */
const SCHEDULED_DAYS_MAX = RECEIPT_DAYS_MAX + SEND_AHEAD_DAYS_LIMIT + VALID_DAYS_MAX
const DAY_MS = 86_400_000

/**
 * Finds the messages that receipts are about, in memory when this worker sent them, in the table of attempts when
 * another did, and reports their final status. A receipt that fits no message is counted and let go after a minute.
 */
export class ReceiptMatcher {
  readonly #parts: ReceiptMatcherParts
  /** Oldest first: what is beyond the limit is found in the table. */
  readonly #expected = new Map<string, ExpectedReceipt>()
  #sought: Sought[] = []
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #stopped = false

  constructor(parts: ReceiptMatcherParts) {
    this.#parts = parts
  }

  /** A message was sent, and its status is on its way: receipts for it may now be told. */
  expect(operator: string, operatorMessageId: string, message: ExpectedReceipt): void {
    this.#expected.set(keyOf(operator, operatorMessageId), message)
    if (this.#expected.size > REMEMBERED_MAX) this.#expected.delete(this.#expected.keys().next().value!)
  }

  /** Resolves when the status is published, or the receipt is known to fit nothing. Rejects to be told again later. */
  async take(operator: string, receipt: Receipt): Promise<void> {
    const key = keyOf(operator, receipt.operatorMessageId)
    const message = this.#expected.get(key)
    if (message) {
      await this.#report(operator, message, receipt)
      this.#expected.delete(key)
      return
    }
    if (this.#sought.length >= SOUGHT_MAX || this.#stopped) throw new Error('too many receipts are being looked up')
    await new Promise<void>((resolve, reject) => {
      this.#sought.push({ operator, receipt, sinceMs: Date.now(), resolve, reject })
      this.#timer ??= setTimeout(() => this.#startLookup(), LOOKUP_MS)
    })
  }

  /** Receipts that are being looked up stay unacknowledged; the operator tells them again. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
    for (const { reject } of this.#sought.splice(0)) reject(new Error('stopping'))
  }

  #startLookup(): void {
    const batch = this.#sought.splice(0, LOOKUP_MAX)
    this.#looking = this.#lookUp(batch)
      .catch((error) => {
        this.#parts.log.warn({ err: error }, 'receipts could not be looked up; trying again')
        this.#sought.push(...batch)
      })
      .finally(() => {
        this.#timer =
          this.#sought.length > 0 && !this.#stopped ? setTimeout(() => this.#startLookup(), LOOKUP_MS) : null
      })
  }

  async #lookUp(batch: readonly Sought[]): Promise<void> {
    const unknown = batch.filter(
      ({ operator, receipt }) => !this.#expected.has(keyOf(operator, receipt.operatorMessageId)),
    )
    const found = unknown.length > 0 ? await this.#find(unknown) : new Map<string, ExpectedReceipt>()
    for (const sought of batch) {
      const key = keyOf(sought.operator, sought.receipt.operatorMessageId)
      const message = this.#expected.get(key) ?? found.get(key)
      if (message) {
        this.#expected.delete(key)
        this.#report(sought.operator, message, sought.receipt).then(sought.resolve, sought.reject)
      } else if (Date.now() - sought.sinceMs < UNMATCHED_AFTER_MS) {
        this.#sought.push(sought)
      } else {
        this.#parts.counted(sought.operator, 'unmatched')
        sought.resolve()
      }
    }
  }

  async #find(sought: readonly Sought[]): Promise<Map<string, ExpectedReceipt>> {
    const nowMs = Date.now()
    const recentMs = nowMs - RECEIPT_DAYS_MAX * DAY_MS
    const found = await this.#findAccepted(sought, recentMs, nowMs + DAY_MS)
    const rest = sought.filter(({ operator, receipt }) => !found.has(keyOf(operator, receipt.operatorMessageId)))
    if (rest.length === 0) return found
    // Days are looked through one by one, so those in which little is found come last.
    return new Map([...found, ...(await this.#findAccepted(rest, nowMs - SCHEDULED_DAYS_MAX * DAY_MS, recentMs))])
  }

  async #findAccepted(
    sought: readonly Sought[],
    fromMs: number,
    beforeMs: number,
  ): Promise<Map<string, ExpectedReceipt>> {
    const { rows } = await this.#parts.pool.query<FoundRow>(
      findByOperatorIds(
        sought.map(({ operator }) => operator),
        sought.map(({ receipt }) => receipt.operatorMessageId),
        firstSmsIdAt(fromMs),
        firstSmsIdAt(beforeMs),
      ),
    )
    return new Map(rows.map((row) => [keyOf(row.operator, row.operator_message_id), toExpected(row)]))
  }

  async #report(operator: string, message: ExpectedReceipt, receipt: Receipt): Promise<void> {
    await this.#parts.reporter.report(message, receipt.status, {
      attempt: message.attempt,
      possibleDuplicate: message.possibleDuplicate,
      operatorMessageId: receipt.operatorMessageId,
      errorCode: receipt.errorCode,
      ...(receipt.status === 'delivered' ? { deliveredAt: receipt.at } : {}),
    })
    this.#parts.counted(operator, 'matched')
  }
}

interface FoundRow {
  readonly operator: string
  readonly operator_message_id: string
  readonly sms_id: number
  readonly attempt: number
  readonly possible_duplicate: boolean
  readonly customer_id: string
  readonly segments: number
  readonly traceparent: string | null
  readonly wanted_at: Date
}

function toExpected(row: FoundRow): ExpectedReceipt {
  return {
    smsId: row.sms_id,
    customerId: row.customer_id,
    operator: row.operator,
    segments: row.segments,
    acceptedAtMs: row.wanted_at.getTime(),
    traceparent: row.traceparent,
    attempt: row.attempt,
    possibleDuplicate: row.possible_duplicate,
  }
}

function keyOf(operator: string, operatorMessageId: string): string {
  return `${operator} ${operatorMessageId}`
}
