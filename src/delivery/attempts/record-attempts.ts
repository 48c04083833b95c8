import type { QueryConfig } from 'pg'
import type { Connection, Pool } from '../../postgres/pool.ts'
import { inTransaction } from '../../postgres/transaction.ts'
import { sleep } from '../../runtime/backoff.ts'
import type { Log } from '../../runtime/log.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import {
  type EarlyReceipt,
  keepEarlyReceipts,
  type StoredReceipt,
  storePartReceipts,
  storeReceipts,
} from '../receipts/receipt-statements.ts'
import { type AttemptHistory, readHistories } from './attempt-history.ts'
import {
  type AttemptEnd,
  type AttemptStart,
  endAttempts,
  endParts,
  insertAttempts,
  type PartEnd,
} from './attempt-statements.ts'
import { isUnwritable, PendingWrites, type PendingWritesOptions } from './pending-writes.ts'

/** A receipt that was there before the answer to its submit. */
export type TakenUp = Pick<StoredReceipt, 'status' | 'code' | 'at'>

/**
 * The result of writing an end: the receipt that was matched with it, or that there was none; or `contested`: another
 * end may be stored already, by a worker that gave the attempt up or by this one, and is to be looked up.
 */
export type WrittenEnd = TakenUp | 'contested' | null

interface Returned {
  readonly sms_id: number
  readonly attempt: number
  readonly part?: number
}

/** Without a receipt where none was taken up: it says how many were written all the same. */
interface WrittenRow extends Returned {
  readonly written: number
  readonly receipt_status: StoredReceipt['status'] | null
  readonly receipt_code: string | null
  readonly receipt_at: Date
}

const BATCH_MAX = 1_000
/** While there is load, a transaction waits this long for company. */
const GATHER_MS = 40
const RETRY_MS_FIRST = 50
const RETRY_MS_MAX = 5_000
/** Of items that could not be written as they are, in one batch; the others are counted. */
const LINES_MAX = 5

export type BookLog = Pick<Log, 'error' | 'warn' | 'info'>

const NO_LOG: BookLog = { error() {}, warn() {}, info() {} }

/**
 * Keeps the tables of attempts and receipts. What many tasks want written at once goes into one transaction; what they
 * want while it runs goes into the next. A transaction that fails for what it brings is taken apart: what cannot be stored
 * as it is costs only itself.
 */
export class AttemptBook {
  readonly #pool: Pool
  readonly #log: BookLog
  readonly #failure: RepeatedFailure
  readonly #starts: PendingWrites<AttemptStart, boolean>
  readonly #ends: PendingWrites<AttemptEnd, WrittenEnd>
  readonly #parts: PendingWrites<PartEnd, WrittenEnd>
  readonly #receipts: PendingWrites<StoredReceipt, boolean>
  readonly #partReceipts: PendingWrites<StoredReceipt, boolean>
  readonly #early: PendingWrites<EarlyReceipt, null>
  readonly #reads: PendingWrites<number, AttemptHistory>
  #running: Promise<void> | null = null
  #stopping = false
  #isolatedCount = 0

  constructor(pool: Pool, worker: string, log: BookLog = NO_LOG) {
    this.#pool = pool
    this.#log = log
    this.#failure = new RepeatedFailure({
      what: 'write of attempts',
      log,
      waitMsFirst: RETRY_MS_FIRST,
      waitMsMax: RETRY_MS_MAX,
    })
    const bySubmit = { keyOf: keyOfSubmit, itemsMax: BATCH_MAX }
    // What is refused here was not submitted.
    this.#starts = this.#pending<AttemptStart, boolean>({
      ...bySubmit,
      write: upsertOf((starts) => insertAttempts(starts, worker), isReturned),
    })
    // Without a limit: an attempt of several parts is never ended before them.
    this.#parts = this.#pending<PartEnd, WrittenEnd>({
      ...bySubmit,
      itemsMax: Number.POSITIVE_INFINITY,
      write: endsOf(endParts),
      ...END,
    })
    this.#ends = this.#pending<AttemptEnd, WrittenEnd>({
      ...bySubmit,
      write: endsOf((ends) => endAttempts(ends, worker)),
      ...END,
    })
    this.#receipts = this.#pending<StoredReceipt, boolean>({
      ...bySubmit,
      write: upsertOf(storeReceipts, isReturned),
      reduce: withoutCode,
    })
    this.#partReceipts = this.#pending<StoredReceipt, boolean>({
      ...bySubmit,
      write: upsertOf(storePartReceipts, isReturned),
      reduce: withoutCode,
    })
    this.#early = this.#pending<EarlyReceipt, null>({
      write: async (connection, receipts) => {
        await connection.query(keepEarlyReceipts(receipts))
        return receipts.map(() => null)
      },
      keyOf: ({ operator, operatorMessageId }) => `${operator} ${operatorMessageId}`,
      itemsMax: BATCH_MAX,
      reduce: withoutCode,
    })
    this.#reads = this.#pending<number, AttemptHistory>({ write: readHistories, keyOf: null, itemsMax: BATCH_MAX })
  }

  /** A health check: throws while nothing could be written for some time. */
  get check(): () => void {
    return this.#failure.check
  }

  /**
   * Commits that an attempt begins. False: it was begun before, by whomever. Throws when the database does, and what it
   * refuses the attempt for.
   */
  begin(start: AttemptStart): Promise<boolean> {
    return this.#enqueue(this.#starts, start)
  }

  /**
   * Writes how an attempt ended, however long the database is unavailable; without id and code if it refuses those, and then the
   * end is contested. Throws only when stopped meanwhile, or what the database refuses also the rest for.
   */
  end(end: AttemptEnd): Promise<WrittenEnd> {
    return this.#enqueue(this.#ends, end)
  }

  /** The same of a part. */
  endPart(end: PartEnd): Promise<WrittenEnd> {
    return this.#enqueue(this.#parts, end)
  }

  /** All attempts of a message. Throws when the database does. */
  history(smsId: number): Promise<AttemptHistory> {
    return this.#enqueue(this.#reads, smsId)
  }

  /**
   * Stores a receipt; without its code if the database refuses that. False: an earlier one is stored and kept. Throws
   * when the database does.
   */
  storeReceipt(receipt: StoredReceipt): Promise<boolean> {
    return this.#enqueue(receipt.part === null ? this.#receipts : this.#partReceipts, receipt)
  }

  /** Keeps a receipt that fits nothing yet. Throws when the database does. */
  async keepEarly(receipt: EarlyReceipt): Promise<void> {
    await this.#enqueue(this.#early, receipt)
  }

  /** Writes pending items, once; the callers of those that cannot be written get an error. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  #enqueue<Item, Result>(queue: PendingWrites<Item, Result>, item: Item): Promise<Result> {
    const written = queue.add(item)
    this.#running ??= this.#run()
    return written
  }

  async #run(): Promise<void> {
    const all = [this.#starts, this.#parts, this.#ends, this.#receipts, this.#partReceipts, this.#early, this.#reads]
    let size = 0
    do {
      if (size > 1) await sleep(GATHER_MS)
      size = 0
      for (const each of all) size += each.take()
      try {
        await this.#write(all)
        this.#failure.succeeded()
      } catch (error) {
        for (const each of all) each.failed(error, this.#stopping)
        await sleep(this.#failure.failed(error, { attempts: size }))
      }
    } while (all.some(({ waiting }) => waiting > 0))
    // Same tick: a resolved caller may enqueue more synchronously.
    this.#running = null
  }

  async #write(all: readonly Writable[]): Promise<void> {
    try {
      await inTransaction(this.#pool, (connection) => Promise.all(all.map((each) => each.write(connection))))
      for (const each of all) each.committed()
    } catch (error) {
      if (!isUnwritable(error)) throw error
      this.#isolatedCount = 0
      // In this order, as parts come before the end of their attempt.
      for (const each of all) await each.isolate((work) => inTransaction(this.#pool, work))
      const others = this.#isolatedCount - LINES_MAX
      if (others > 0) this.#log.error({ items: others }, 'further attempts or receipts refused by PostgreSQL')
    }
  }

  #pending<Item, Result>(options: PendingOptions<Item, Result>): PendingWrites<Item, Result> {
    const isolated = (item: Item, error: unknown, isReduced: boolean): void => this.#note(item, error, isReduced)
    return new PendingWrites({ isKept: false, reduce: null, reducedResult: (result) => result, isolated, ...options })
  }

  #note(item: unknown, error: unknown, isReduced: boolean): void {
    if (++this.#isolatedCount > LINES_MAX) return
    const about: Partial<PartEnd> = typeof item === 'number' ? { smsId: item } : (item as object)
    const { smsId, operator, attempt, part } = about
    const what = isReduced ? 'stored without its id and code' : 'refused'
    this.#log.error(
      { err: error, operator, sms_id: smsId, attempt, part },
      `attempt or receipt cannot be stored as it is; ${what}`,
    )
  }
}

/**
 * Of an end the outcome must not be lost: by it the operator has the message, or has not. Stored without the rest it
 * differs from what its caller knows, which looks up what is stored.
 */
const END = {
  isKept: true,
  reduce: <End extends AttemptEnd>(end: End): End => ({
    ...end,
    operatorMessageId: null,
    errorCode: null,
    errorText: null,
  }),
  reducedResult: (): WrittenEnd => 'contested',
}

function withoutCode<Item extends { readonly code: string | null }>(receipt: Item): Item {
  return { ...receipt, code: null }
}

type Writable = Pick<PendingWrites<never, never>, 'write' | 'committed' | 'isolate'>
type Choices = 'isKept' | 'reduce' | 'reducedResult'
type PendingOptions<Item, Result> = Omit<PendingWritesOptions<Item, Result>, 'isolated' | Choices> &
  Partial<Pick<PendingWritesOptions<Item, Result>, Choices>>

interface Submit {
  readonly smsId: number
  readonly attempt: number
  readonly part?: number | null
}

function keyOfSubmit({ smsId, attempt, part }: Submit): string {
  return `${smsId}.${attempt}.${part ?? ''}`
}

/** Runs a statement that returns the rows it has something to say of; `resultOf` makes a result of each item's, if any. */
function upsertOf<Item extends Submit, Row extends Returned, Result>(
  statement: (items: readonly Item[]) => QueryConfig,
  resultOf: (row: Row | undefined) => Result,
): (connection: Connection, items: readonly Item[]) => Promise<readonly Result[]> {
  return async (connection, items) => {
    const { rows } = await connection.query<Row>(statement(items))
    const byKey = new Map(
      rows.map((row) => [keyOfSubmit({ smsId: row.sms_id, attempt: row.attempt, part: row.part ?? null }), row]),
    )
    return items.map((item) => resultOf(byKey.get(keyOfSubmit(item))))
  }
}

/** Where not all were written it is unknown which, and each is contested: seldom enough to look all of them up. */
function endsOf<Item extends AttemptEnd & Submit>(
  statement: (items: readonly Item[]) => QueryConfig,
): (connection: Connection, items: readonly Item[]) => Promise<readonly WrittenEnd[]> {
  return async (connection, items) => {
    const { rows } = await connection.query<WrittenRow>(statement(items))
    if (rows[0]!.written < items.length) return items.map(() => 'contested')
    const receipts = new Map(rows.flatMap(toReceipt))
    return items.map((item) => receipts.get(keyOfSubmit(item)) ?? null)
  }
}

function toReceipt(row: WrittenRow): [string, TakenUp][] {
  const { sms_id: smsId, attempt, part = null, receipt_status: status, receipt_code: code, receipt_at: at } = row
  return status === null ? [] : [[keyOfSubmit({ smsId, attempt, part }), { status, code, at }]]
}

function isReturned(row: Returned | undefined): boolean {
  return row !== undefined
}
