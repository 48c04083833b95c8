import { replaces } from '../domain/receipts.ts'
import { SEND_AHEAD_DAYS_LIMIT, VALID_DAYS_MAX } from '../domain/send-time.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import type { Receipt } from './connectors/connector.ts'
import { type FoundSubmit, findSubmits } from './receipt-statements.ts'
import type { AttemptBook, TakenUp } from './record-attempts.ts'
import type { ReceiptTeller, TakenSubmit } from './tell-receipts.ts'

/**
 * What came of a receipt: it was the first for its submit, the same again, another than the one that stands, or there was
 * no submit that it fits, for a while or to the end.
 */
export type ReceiptOutcome = 'matched' | 'repeated' | 'contradicting' | 'early' | 'unmatched'

interface Sought {
  readonly operator: string
  readonly receipt: Receipt
  readonly sinceMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** It is in PostgreSQL, for whoever writes the answer to its submit. */
  readonly isKept: boolean
  readonly lookAtMs: number
}

export interface ReceiptMatcherParts {
  readonly pool: Pool
  readonly attempts: Pick<AttemptBook, 'storeReceipt' | 'keepEarly'>
  readonly teller: Pick<ReceiptTeller, 'tell'>
  readonly log: Log
  readonly counted: (operator: string, outcome: ReceiptOutcome) => void
}

const REMEMBERED_MAX = 200_000
const SOUGHT_MAX = 50_000
const LOOKUP_MAX = 1_000
const LOOKUP_MS = 250
/** A receipt may overtake the answer to its submit, which may be on its way to another worker. */
const UNMATCHED_AFTER_MS = 60_000
const RECEIPT_DAYS_MAX = 7
/** What was scheduled was accepted long before it was sent. */
const SCHEDULED_DAYS_MAX = RECEIPT_DAYS_MAX + SEND_AHEAD_DAYS_LIMIT + VALID_DAYS_MAX
const DAY_MS = 86_400_000

/**
 * Finds the submits that receipts are about, in memory when this worker made them, in the tables of attempts when another
 * did; stores them, and has their messages' statuses told. A receipt that fits nothing is kept: whoever writes the answer
 * to its submit takes it up.
 */
export class ReceiptMatcher {
  readonly #parts: ReceiptMatcherParts
  /** Oldest first: what is beyond the limit is found in the tables. */
  readonly #taken = new Map<string, TakenSubmit>()
  #sought: Sought[] = []
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #stopped = false

  constructor(parts: ReceiptMatcherParts) {
    this.#parts = parts
  }

  /** An operator took a submit, and PostgreSQL knows: receipts for it may now be told. */
  expect(submit: TakenSubmit): void {
    this.#taken.set(keyOf(submit.operator, submit.operatorMessageId), submit)
    if (this.#taken.size > REMEMBERED_MAX) this.#taken.delete(this.#taken.keys().next().value!)
  }

  /** Resolves when the receipt is stored, and told if Kafka is there. Rejects to be told again later. */
  async take(operator: string, receipt: Receipt): Promise<void> {
    if (this.#stopped) throw new Error('stopping')
    const key = keyOf(operator, receipt.operatorMessageId)
    const submit = this.#taken.get(key)
    if (submit && (await this.#store(submit, receipt))) {
      this.#taken.delete(key)
      return
    }
    this.#taken.delete(key)
    if (this.#sought.length >= SOUGHT_MAX) throw new Error('too many receipts are being looked up')
    await new Promise<void>((resolve, reject) => {
      const nowMs = Date.now()
      this.#seek({ operator, receipt, sinceMs: nowMs, resolve, reject, isKept: false, lookAtMs: nowMs })
    })
  }

  /** Receipts that are being looked up stay unacknowledged; the operator tells them again. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
    for (const { reject } of this.#sought.splice(0)) reject(new Error('stopping'))
  }

  #seek(sought: Sought): void {
    this.#sought.push(sought)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#sought.length === 0 || this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#startLookup()
    }, LOOKUP_MS)
  }

  #startLookup(): void {
    if (this.#looking) return
    const nowMs = Date.now()
    const batch = this.#sought.filter(({ lookAtMs }) => lookAtMs <= nowMs).slice(0, LOOKUP_MAX)
    const isInBatch = new Set(batch)
    this.#sought = this.#sought.filter((sought) => !isInBatch.has(sought))
    this.#looking = this.#lookUp(batch)
      .catch((error) => {
        this.#parts.log.warn({ err: error }, 'receipts could not be looked up; trying again')
        this.#sought.push(...batch)
      })
      .finally(() => {
        this.#looking = null
        this.#schedule()
      })
  }

  async #lookUp(batch: readonly Sought[]): Promise<void> {
    if (batch.length === 0) return
    const found = await this.#find(batch)
    for (const sought of batch) {
      const submit = found.get(keyOf(sought.operator, sought.receipt.operatorMessageId))
      if (submit) this.#settle(submit, sought.receipt).then(sought.resolve, sought.reject)
      else this.#keep(sought).catch(sought.reject)
    }
  }

  async #find(sought: readonly Sought[]): Promise<Map<string, FoundSubmit>> {
    const nowMs = Date.now()
    const recentMs = nowMs - RECEIPT_DAYS_MAX * DAY_MS
    const found = await this.#findAccepted(sought, recentMs, nowMs + DAY_MS)
    const rest = sought.filter(({ operator, receipt }) => !found.has(keyOf(operator, receipt.operatorMessageId)))
    if (rest.length === 0) return found
    // Each day costs a look, so those in which little is found come last.
    return new Map([...found, ...(await this.#findAccepted(rest, nowMs - SCHEDULED_DAYS_MAX * DAY_MS, recentMs))])
  }

  async #findAccepted(sought: readonly Sought[], sinceMs: number, beforeMs: number): Promise<Map<string, FoundSubmit>> {
    const { rows } = await this.#parts.pool.query<FoundSubmit>(
      findSubmits(
        sought.map(({ operator }) => operator),
        sought.map(({ receipt }) => receipt.operatorMessageId),
        sinceMs,
        beforeMs,
      ),
    )
    // The newest comes first: operators use their ids again after a while.
    return new Map(rows.toReversed().map((row) => [keyOf(row.operator, row.operator_message_id), row]))
  }

  /** What was stored before is told again: it may be here because nobody heard of it. */
  async #settle(found: FoundSubmit, receipt: Receipt): Promise<void> {
    const submit = toTaken(found)
    const before = found.receipt_status
    if (before === null || replaces(before, receipt.status)) {
      if (await this.#store(submit, receipt)) return
    }
    const isSame = before === null || before === receipt.status
    this.#parts.counted(submit.operator, isSame ? 'repeated' : 'contradicting')
    if (isSame) await this.#parts.teller.tell(submit, toStored(receipt))
  }

  /** Returns false if another receipt was there before, and stands. */
  async #store(submit: TakenSubmit, receipt: Receipt): Promise<boolean> {
    const { smsId, attempt, part, operator } = submit
    if (!(await this.#parts.attempts.storeReceipt({ smsId, attempt, part, operator, ...toStored(receipt) })))
      return false
    this.#parts.counted(operator, 'matched')
    await this.#parts.teller.tell(submit, toStored(receipt))
    return true
  }

  /**
   * Acknowledged when it was looked for once more after it was kept. Found then, its answer was written meanwhile without
   * taking it up, and it is ours to tell; not found, whoever writes the answer takes it up, and tells it however often
   * workers die. Only an answer whose transaction began before the kept receipt was committed, and ends after that look, misses it:
   * that one is found when it is looked for again.
   */
  async #keep(sought: Sought): Promise<void> {
    const { operator, receipt, isKept, sinceMs, resolve } = sought
    if (!isKept) {
      await this.#parts.attempts.keepEarly({
        operator,
        operatorMessageId: receipt.operatorMessageId,
        ...toStored(receipt),
      })
      this.#parts.counted(operator, 'early')
    }
    if (this.#stopped) throw new Error('stopping')
    const nowMs = Date.now()
    const waitedMs = nowMs - sinceMs
    const isOver = waitedMs >= UNMATCHED_AFTER_MS
    if (isOver) this.#parts.counted(operator, 'unmatched')
    const isSought = !isOver && this.#sought.length < SOUGHT_MAX
    if (isKept || !isSought) resolve()
    if (isSought) this.#seek({ ...sought, isKept: true, lookAtMs: isKept ? nowMs + waitedMs : nowMs })
  }
}

function toStored({ status, errorCode, at }: Receipt): TakenUp {
  return { status, code: errorCode, at }
}

function toTaken(row: FoundSubmit): TakenSubmit {
  return {
    smsId: row.sms_id,
    customerId: row.customer_id,
    segments: row.segments,
    acceptedAtMs: row.wanted_at.getTime(),
    traceparent: row.traceparent,
    operator: row.operator,
    operatorMessageId: row.operator_message_id,
    attempt: row.attempt,
    part: row.part,
    possibleDuplicate: row.possible_duplicate,
    takenAtMs: row.ended_at.getTime(),
  }
}

function keyOf(operator: string, operatorMessageId: string): string {
  return `${operator} ${operatorMessageId}`
}
