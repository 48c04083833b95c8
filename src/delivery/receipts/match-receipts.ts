import { isItemFault } from '../../postgres/database-errors.ts'
import type { Pool } from '../../postgres/pool.ts'
import { isolateFailures } from '../../runtime/isolate-failures.ts'
import type { Log } from '../../runtime/log.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import { chooseSubmit } from '../attempts/choose-submit.ts'
import type { AttemptBook, TakenUp } from '../attempts/record-attempts.ts'
import { TakenSubmits } from '../attempts/taken-submits.ts'
import { type OddReceipt, type Receipt, UnpublishedReceiptError } from '../connectors/connector.ts'
import { type Candidates, type FoundSubmit, findCandidates, isTakenUp } from './find-candidates.ts'
import type { ReceiptPublisher, TakenSubmit } from './publish-receipts.ts'
import { type Sought, SoughtReceipts } from './sought-receipts.ts'

/**
 * What came of a receipt:
 * - `matched`: it was the first for its submit;
 * - `repeated`, `contradicting`: the same again, or another than the one that is stored;
 * - `early`: there is no submit that it fits, yet;
 * - `unmatched`, `other-recipient`: there was none to the end, or only messages to other phones;
 * - `ambiguous`: it names no recipient, and several messages have its id;
 * - `unstorable`: PostgreSQL refuses it.
 */
export type ReceiptOutcome =
  | 'matched'
  | 'repeated'
  | 'contradicting'
  | 'early'
  | 'unmatched'
  | 'other-recipient'
  | 'ambiguous'
  | 'unstorable'

export interface ReceiptMatcherParts {
  readonly pool: Pool
  readonly attempts: Pick<AttemptBook, 'storeReceipt' | 'keepEarly'>
  readonly publisher: Pick<ReceiptPublisher, 'publishReceipt'>
  readonly log: Log
  readonly counted: (operator: string, outcome: ReceiptOutcome) => void
  /** Nothing came of it, and nothing will by itself: people may want to look at it. Returns at once. */
  readonly review: (
    operator: string,
    cause: 'unmatched' | 'other-recipient' | 'ambiguous' | 'unstorable',
    receipt: OddReceipt,
  ) => void
}

const LOOKUP_MAX = 1_000
const LOOKUP_MS = 250
/** A receipt may overtake the answer to its submit, which may be on its way to another worker. */
const UNMATCHED_AFTER_MS = 60_000
const OVERTAKEN_MAX = 3

/**
 * Finds the submits that receipts are about (`choose-submit.ts`), in memory when this worker made them, in the tables of
 * attempts when another did; stores them, and has their messages' statuses published. A receipt that fits nothing is kept:
 * the worker that writes the answer to its submit takes it up.
 */
export class ReceiptMatcher {
  readonly #parts: ReceiptMatcherParts
  readonly #taken = new TakenSubmits()
  readonly #sought = new SoughtReceipts()
  readonly #failure: RepeatedFailure
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #stopped = false

  constructor(parts: ReceiptMatcherParts) {
    this.#parts = parts
    this.#failure = new RepeatedFailure({ what: 'receipt lookup', log: parts.log })
  }

  /** A health check: throws while no receipt can be looked up. */
  readonly check = (): void => this.#failure.check()

  /** An operator took a submit, and PostgreSQL knows: receipts for it may now be matched. */
  expect(submit: TakenSubmit): void {
    this.#taken.add(submit)
  }

  /**
   * Resolves when the receipt is stored and its status published, if Kafka is there; or when it is clear that nothing will
   * come of it. Rejects where the operator is to send it again.
   */
  async take(operator: string, receipt: Receipt): Promise<void> {
    if (this.#stopped) throw new Error('stopping')
    try {
      if (await this.#takeRemembered(operator, receipt)) return
    } catch (error) {
      if (!isItemFault(error)) throw error
      this.#refuse(operator, receipt, error)
      return
    }
    await new Promise<void>((resolve, reject) => {
      const nowMs = Date.now()
      const times = { sinceMs: nowMs, lookAtMs: nowMs }
      this.#seek({ operator, receipt, ...times, isKept: false, overtaken: 0, resolve, reject })
    })
  }

  /** Receipts that are being looked up stay unacknowledged; the operator sends them again. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
    for (const { reject } of this.#sought.takeAll()) reject(new Error('stopping'))
  }

  /** False: it is to be looked up. */
  async #takeRemembered(operator: string, receipt: Receipt): Promise<boolean> {
    // Whether a repetition was stored is in the tables.
    if (receipt.isRepetition) return false
    const { status, recipients } = receipt
    for (const id of [receipt.operatorMessageId, ...receipt.otherIds]) {
      const claimed = this.#taken.claim(operator, id, { status, recipients, isRepetition: false })
      if (typeof claimed !== 'string') return this.#store(claimed, toStored(receipt))
    }
    return false
  }

  #seek(sought: Sought): void {
    if (this.#stopped) sought.reject(new Error('stopping'))
    else if (!this.#sought.add(sought))
      sought.reject(new Error('too many receipts of this operator are being looked up'))
    else this.#schedule(LOOKUP_MS)
  }

  #schedule(afterMs: number): void {
    if (this.#sought.isEmpty || this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#startLookup()
    }, afterMs)
  }

  #startLookup(): void {
    if (this.#looking) return
    const batch = this.#sought.takeDue(Date.now(), LOOKUP_MAX)
    let waitMs = LOOKUP_MS
    this.#looking = this.#lookUp(batch)
      .then(
        () => this.#failure.succeeded(),
        (error) => {
          waitMs = this.#failure.failed(error, { receipts: batch.length })
          this.#sought.putBack(batch)
        },
      )
      .finally(() => {
        this.#looking = null
        this.#schedule(waitMs)
      })
  }

  /** What the database refuses is refused alone. Throws only when nothing could be looked up. */
  async #lookUp(batch: readonly Sought[]): Promise<void> {
    const found = await isolateFailures(batch, {
      apply: (items) => findCandidates(this.#parts.pool, items, Date.now()),
      isItemFault,
      isolated: (sought, error) => {
        this.#refuse(sought.operator, sought.receipt, error)
        sought.resolve()
        return null
      },
    })
    for (const [index, sought] of batch.entries()) {
      const candidates = found[index]
      if (candidates) this.#settle(sought, candidates).catch((error) => this.#failed(sought, error))
    }
  }

  #failed({ operator, receipt, resolve, reject }: Sought, error: unknown): void {
    if (isItemFault(error)) {
      this.#refuse(operator, receipt, error)
      resolve()
    } else reject(error)
  }

  async #settle(sought: Sought, found: Candidates): Promise<void> {
    const { operator, receipt, resolve } = sought
    const isRepetition = (receipt.isRepetition ?? false) || isTakenUp(found, receipt.recipients)
    const choices = found.byId.map((candidates) => chooseSubmit(candidates, { ...receipt, isRepetition }))
    for (const choice of choices) {
      if (choice.kind !== 'open' && choice.kind !== 'closed') continue
      const { submit } = choice
      if (choice.kind === 'closed') return this.#repeat(submit, receipt).then(resolve)
      const receivedAt = found.kept?.received_at ?? null
      submit.receiptStatus = receipt.status
      submit.receipt = toStored(receipt)
      submit.receiptReceivedAtMs = receivedAt?.getTime() ?? null
      if (await this.#store(submit.taken, { ...toStored(receipt), receivedAt })) return resolve()
      return this.#overtake(sought)
    }
    const kinds = choices.map(({ kind }) => kind)
    if (!kinds.includes('ambiguous')) return this.#keep(sought, kinds.includes('other-recipient'))
    this.#parts.counted(operator, 'ambiguous')
    this.#parts.review(operator, 'ambiguous', receipt)
    resolve()
  }

  /** Another receipt was stored for the submit meanwhile: it is looked for again. */
  #overtake(sought: Sought): void {
    if (sought.overtaken < OVERTAKEN_MAX) this.#seek({ ...sought, overtaken: sought.overtaken + 1 })
    else {
      this.#parts.counted(sought.operator, 'contradicting')
      sought.resolve()
    }
  }

  /**
   * What was stored before is published again, as it was then: it may be here because it was not published, and one
   * event must not say two things.
   */
  async #repeat({ taken, receiptStatus, receipt: stored }: FoundSubmit, receipt: Receipt): Promise<void> {
    const isSame = receiptStatus === receipt.status
    this.#parts.counted(taken.operator, isSame ? 'repeated' : 'contradicting')
    if (isSame) await this.#publish(taken, stored ?? toStored(receipt))
  }

  /** Returns false if an earlier receipt is stored and kept. */
  async #store(submit: TakenSubmit, receipt: TakenUp & { readonly receivedAt?: Date | null }): Promise<boolean> {
    const { smsId, attempt, part, operator } = submit
    if (!(await this.#parts.attempts.storeReceipt({ smsId, attempt, part, operator, ...receipt }))) return false
    this.#parts.counted(operator, 'matched')
    await this.#publish(submit, receipt)
    return true
  }

  async #publish(submit: TakenSubmit, receipt: TakenUp): Promise<void> {
    try {
      await this.#parts.publisher.publishReceipt(submit, receipt)
    } catch (error) {
      throw new UnpublishedReceiptError('a receipt is stored and was not published', { cause: error })
    }
  }

  /** PostgreSQL will never take it: it is acknowledged, so that the operator does not send it for ever. */
  #refuse(operator: string, receipt: Receipt, error: unknown): void {
    this.#parts.log.error({ err: error, operator, id: receipt.operatorMessageId }, 'receipt refused by PostgreSQL')
    this.#parts.counted(operator, 'unstorable')
    this.#parts.review(operator, 'unstorable', receipt)
  }

  /**
   * Acknowledged when it was looked for once more after it was kept. Found then, its answer was written meanwhile without
   * taking it up, and it is ours to store; not found, the worker that writes the answer takes it up, however often
   * workers die. Only an answer whose transaction began before the kept receipt was committed, and ends after that look, misses it:
   * that one is found when it is looked for again.
   */
  async #keep(sought: Sought, isKnownId: boolean): Promise<void> {
    const { operator, receipt, isKept, sinceMs, resolve } = sought
    if (!isKept) {
      const { operatorMessageId, recipients } = receipt
      const recipient = recipients[0] ?? ''
      await this.#parts.attempts.keepEarly({ operator, operatorMessageId, recipient, ...toStored(receipt) })
      this.#parts.counted(operator, 'early')
    }
    if (this.#stopped) throw new Error('stopping')
    const nowMs = Date.now()
    const waitedMs = nowMs - sinceMs
    const isOver = waitedMs >= UNMATCHED_AFTER_MS
    const next = { ...sought, isKept: true, lookAtMs: isKept ? nowMs + waitedMs : nowMs }
    const isSought = !isOver && this.#sought.add(next)
    if (isSought) this.#schedule(LOOKUP_MS)
    if (isOver) {
      const outcome = isKnownId ? 'other-recipient' : 'unmatched'
      this.#parts.counted(operator, outcome)
      this.#parts.review(operator, outcome, receipt)
    }
    if (isKept || !isSought) resolve()
  }
}

function toStored({ status, errorCode, at }: Receipt): TakenUp {
  return { status, code: errorCode, at }
}
