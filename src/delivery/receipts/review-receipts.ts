import type { Pool } from '../../postgres/pool.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import { WriteTogether } from '../../postgres/write-together.ts'
import type { Log } from '../../runtime/log.ts'
import type { OddReceipt } from '../connectors/connector.ts'

/** Why a receipt was acknowledged and nothing came of it. `unreadable`: it has no id or no state that anyone knows. */
export type ReviewCause = 'unreadable' | 'unmatched' | 'other-recipient' | 'ambiguous' | 'unstorable'

export interface ReceiptReviewsParts {
  readonly pool: Pick<Pool, 'query'>
  readonly log: Pick<Log, 'warn'>
  readonly now?: () => number
}

/** Of an operator: so many at once, and one more each period. A sample is enough to see what is wrong; metrics have all. */
const BURST = 50
const REFILL_MS = 2_000
const OPERATORS_MAX = 1_000

interface Allowance {
  left: number
  sinceMs: number
  suppressed: number
}

/**
 * Receipts that people may want to look at (`smsgw operators receipts`), with the operator's words: each has a log line,
 * and a row in `receipt_reviews`. Bounded in each operator's rate. A row that cannot be written is lost; its line is there.
 */
export class ReceiptReviews {
  readonly #parts: Required<ReceiptReviewsParts>
  readonly #allowances = new Map<string, Allowance>()
  readonly #rows: WriteTogether<Row>

  constructor(parts: ReceiptReviewsParts) {
    this.#parts = { now: Date.now, ...parts }
    this.#rows = new WriteTogether((rows) => this.#write(rows))
  }

  /** Returns at once. */
  add(operator: string, cause: ReviewCause, { operatorMessageId: id, words }: OddReceipt): void {
    const { log } = this.#parts
    const allowance = this.#allowanceOf(operator)
    if (allowance.left < 1) {
      allowance.suppressed++
      return
    }
    allowance.left--
    const { suppressed } = allowance
    allowance.suppressed = 0
    log.warn(
      { operator, cause, id, words: wordsForLog(words), ...(suppressed > 0 ? { suppressed } : {}) },
      'receipt acknowledged without effect; kept for review',
    )
    this.#rows
      .add({ operator, cause, id, words })
      .catch((error) => log.warn({ err: error, operator }, 'receipt not kept for review'))
  }

  #allowanceOf(operator: string): Allowance {
    const nowMs = this.#parts.now()
    const known = this.#allowances.get(operator)
    if (!known) {
      const allowance = { left: BURST, sinceMs: nowMs, suppressed: 0 }
      this.#allowances.set(operator, allowance)
      if (this.#allowances.size > OPERATORS_MAX) this.#allowances.delete(this.#allowances.keys().next().value!)
      return allowance
    }
    known.left = Math.min(BURST, known.left + (nowMs - known.sinceMs) / REFILL_MS)
    known.sinceMs = nowMs
    return known
  }

  async #write(rows: readonly Row[]): Promise<void> {
    await this.#parts.pool.query({
      name: 'receipt-reviews-insert',
      text: `INSERT INTO receipt_reviews (${ROWS.names}) SELECT * FROM ${ROWS.from('review')}`,
      values: ROWS.values(rows),
    })
  }
}

interface Row {
  readonly operator: string
  readonly cause: ReviewCause
  readonly id: string | null
  readonly words: string
}

const ROWS = new RowArrays<Row>({
  operator: ['text', ({ operator }) => operator],
  cause: ['text', ({ cause }) => cause],
  operator_message_id: ['text', ({ id }) => id],
  words: ['text', ({ words }) => words],
})

/** What a log may have of a receipt's words: neither what was said in the message, which receipts quote, nor a number. */
export function wordsForLog(words: string): string {
  return words.replace(/\btext["']?\s*[:=].*$/is, 'text:…').replace(/[0-9]{7,}/g, '…')
}
