import type { QueryConfig } from 'pg'
import type { Connection, Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'
import { type AttemptHistory, readHistories } from './attempt-history.ts'
import {
  type AttemptEnd,
  type AttemptStart,
  endAttempts,
  endParts,
  insertAttempts,
  type PartEnd,
} from './attempt-statements.ts'
import { PendingWrites } from './pending-writes.ts'
import {
  type EarlyReceipt,
  keepEarlyReceipts,
  type StoredReceipt,
  storePartReceipts,
  storeReceipts,
} from './receipt-statements.ts'

/** A receipt that was there before the answer to its submit. */
export type TakenUp = Pick<StoredReceipt, 'status' | 'code' | 'at'>

/**
 * What came of writing an end: the receipt that was taken up with it, or that there was none; or `contested`: another end
 * may have been there and stand, by a worker that gave the attempt up or by ourselves, and is to be looked up.
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

/**
 * Keeps the tables of attempts and receipts. What many tasks want written at once goes into one transaction; what they
 * want while it runs goes into the next.
 */
export class AttemptBook {
  readonly #pool: Pool
  readonly #starts: PendingWrites<AttemptStart, boolean>
  readonly #ends: PendingWrites<AttemptEnd, WrittenEnd>
  // Without a limit: an attempt of several parts is never ended before them.
  readonly #parts = pendingWrites(endsOf(endParts), true, Number.POSITIVE_INFINITY)
  readonly #receipts = pendingWrites(upsertOf(storeReceipts, isReturned), false)
  readonly #partReceipts = pendingWrites(upsertOf(storePartReceipts, isReturned), false)
  readonly #early = new PendingWrites<EarlyReceipt, null>({
    write: async (connection, receipts) => {
      await connection.query(keepEarlyReceipts(receipts))
      return receipts.map(() => null)
    },
    keyOf: ({ operator, operatorMessageId }) => `${operator} ${operatorMessageId}`,
    itemsMax: BATCH_MAX,
    isKept: false,
  })
  readonly #reads = new PendingWrites<number, AttemptHistory>({
    write: readHistories,
    keyOf: null,
    itemsMax: BATCH_MAX,
    isKept: false,
  })
  #running: Promise<void> | null = null
  #stopping = false

  constructor(pool: Pool, worker: string) {
    this.#pool = pool
    this.#starts = pendingWrites(
      upsertOf((starts: readonly AttemptStart[]) => insertAttempts(starts, worker), isReturned),
      false,
    )
    this.#ends = pendingWrites(
      endsOf((ends: readonly AttemptEnd[]) => endAttempts(ends, worker)),
      true,
    )
  }

  /** Commits that an attempt begins. False: it was begun before, by whomever. Throws when the database does. */
  begin(start: AttemptStart): Promise<boolean> {
    return this.#enqueue(this.#starts, start)
  }

  /** Writes how an attempt ended, however long the database is away. Throws only when stopped meanwhile. */
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

  /** Stores a receipt. False: another was there before, and stands. Throws when the database does. */
  storeReceipt(receipt: StoredReceipt): Promise<boolean> {
    return this.#enqueue(receipt.part === null ? this.#receipts : this.#partReceipts, receipt)
  }

  /** Keeps a receipt that fits nothing yet. Throws when the database does. */
  async keepEarly(receipt: EarlyReceipt): Promise<void> {
    await this.#enqueue(this.#early, receipt)
  }

  /** Writes what waits, once; what cannot be written then is told so. */
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
    const all = [this.#starts, this.#ends, this.#parts, this.#receipts, this.#partReceipts, this.#early, this.#reads]
    let failures = 0
    let size = 0
    do {
      if (size > 1) await sleep(GATHER_MS)
      size = 0
      for (const each of all) size += each.take()
      try {
        await inTransaction(this.#pool, (connection) => Promise.all(all.map((each) => each.write(connection))))
        failures = 0
        for (const each of all) each.committed()
      } catch (error) {
        for (const each of all) each.failed(error, this.#stopping)
        failures++
        await sleep(backoffMs(failures, 50, 1_000))
      }
    } while (all.some(({ waiting }) => waiting > 0))
    // In the same breath, as whoever was told above may ask for more at once.
    this.#running = null
  }
}

function pendingWrites<Item extends Submit, Result>(
  write: (connection: Connection, items: readonly Item[]) => Promise<readonly Result[]>,
  isKept: boolean,
  itemsMax = BATCH_MAX,
): PendingWrites<Item, Result> {
  return new PendingWrites({ write, keyOf, itemsMax, isKept })
}

interface Submit {
  readonly smsId: number
  readonly attempt: number
  readonly part?: number | null
}

function keyOf({ smsId, attempt, part }: Submit): string {
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
      rows.map((row) => [keyOf({ smsId: row.sms_id, attempt: row.attempt, part: row.part ?? null }), row]),
    )
    return items.map((item) => resultOf(byKey.get(keyOf(item))))
  }
}

/** Where not all were written nobody knows which, and each is contested: seldom enough to look all of them up. */
function endsOf<Item extends AttemptEnd & Submit>(
  statement: (items: readonly Item[]) => QueryConfig,
): (connection: Connection, items: readonly Item[]) => Promise<readonly WrittenEnd[]> {
  return async (connection, items) => {
    const { rows } = await connection.query<WrittenRow>(statement(items))
    if (rows[0]!.written < items.length) return items.map(() => 'contested')
    const receipts = new Map(rows.flatMap(toReceipt))
    return items.map((item) => receipts.get(keyOf(item)) ?? null)
  }
}

function toReceipt(row: WrittenRow): [string, TakenUp][] {
  const { sms_id: smsId, attempt, part = null, receipt_status: status, receipt_code: code, receipt_at: at } = row
  return status === null ? [] : [[keyOf({ smsId, attempt, part }), { status, code, at }]]
}

function isReturned(row: Returned | undefined): boolean {
  return row !== undefined
}
