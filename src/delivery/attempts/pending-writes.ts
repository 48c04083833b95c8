import { isItemFault } from '../../postgres/database-errors.ts'
import type { Connection } from '../../postgres/pool.ts'
import { isolateFailures } from '../../runtime/isolate-failures.ts'

interface Pending<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

export interface PendingWritesOptions<Item, Result> {
  /** Writes items, and returns what came of each in their order. */
  readonly write: (connection: Connection, items: readonly Item[]) => Promise<readonly Result[]>
  /** Items with the same key are not written at once; null where that does no harm. */
  readonly keyOf: ((item: Item) => string) | null
  /** At once. */
  readonly itemsMax: number
  /** Whether failed writes are retried until they succeed, or reported as failed. */
  readonly isKept: boolean
  /** The form in which an item is written that cannot be as it is; null for what has none and is refused. */
  readonly reduce: ((item: Item) => Item) | null
  /** What its caller gets then, by the result of writing it. */
  readonly reducedResult: (result: Result) => Result
  /** Called for an item that could not be written as it is. */
  readonly isolated: (item: Item, error: unknown, isReduced: boolean) => void
}

type InTransaction = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>

/**
 * Whether an error is the fault of what was to be written: PostgreSQL refuses its values, or they make no statement, as a
 * date that is none.
 */
export function isUnwritable(error: unknown): boolean {
  return isItemFault(error) || error instanceof RangeError || error instanceof TypeError
}

/** Items of one kind that wait for the next transaction. `add` resolves when its item is committed. */
export class PendingWrites<Item, Result> {
  readonly #options: PendingWritesOptions<Item, Result>
  #waiting: Pending<Item, Result>[] = []
  #taken: Pending<Item, Result>[] = []
  #results: readonly Result[] = []

  constructor(options: PendingWritesOptions<Item, Result>) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
    })
  }

  /** Takes pending items into the transaction that begins. Returns their number. */
  take(): number {
    const { keyOf, itemsMax } = this.#options
    this.#taken = this.#waiting.splice(0, itemsMax)
    if (keyOf && this.#taken.length > 1) {
      const first = new Map(this.#taken.toReversed().map((pending) => [keyOf(pending.item), pending]))
      if (first.size < this.#taken.length) {
        const isFirst = new Set(first.values())
        this.#waiting.unshift(...this.#taken.filter((pending) => !isFirst.has(pending)))
        this.#taken = this.#taken.filter((pending) => isFirst.has(pending))
      }
    }
    return this.#taken.length
  }

  async write(connection: Connection): Promise<void> {
    if (this.#taken.length === 0) return
    this.#results = await this.#options.write(
      connection,
      this.#taken.map(({ item }) => item),
    )
  }

  committed(): void {
    this.#settle([...this.#taken], this.#results)
  }

  failed(error: unknown, isLast: boolean): void {
    const taken = this.#taken.splice(0)
    if (this.#options.isKept && !isLast) this.#waiting.unshift(...taken)
    else for (const { reject } of taken) reject(error)
  }

  /**
   * Writes what was taken in transactions of its own, ever fewer items at once, until those that cannot be written are
   * isolated. Each caller gets its result when its item is committed. Throws what is no item's fault: what was not
   * settled until then is still taken.
   */
  async isolate(inTransaction: InTransaction): Promise<void> {
    await isolateFailures([...this.#taken], {
      apply: async (part) => {
        const items = part.map(({ item }) => item)
        const results = await inTransaction((connection) => this.#options.write(connection, items))
        this.#settle(part, results)
        return results
      },
      isItemFault: isUnwritable,
      isolated: async (pending, error) => {
        const written = await this.#writeReduced(pending.item, inTransaction)
        this.#options.isolated(pending.item, error, written !== null)
        if (!written) this.#refuse(pending, error)
        else this.#settle([pending], written.map(this.#options.reducedResult))
        return undefined as Result
      },
    })
  }

  /** Null if the item has no other form, or cannot be written in that one either. */
  async #writeReduced(item: Item, inTransaction: InTransaction): Promise<readonly Result[] | null> {
    const { reduce, write } = this.#options
    if (!reduce) return null
    try {
      return await inTransaction((connection) => write(connection, [reduce(item)]))
    } catch (again) {
      if (isUnwritable(again)) return null
      throw again
    }
  }

  #refuse(pending: Pending<Item, Result>, error: unknown): void {
    this.#taken = this.#taken.filter((each) => each !== pending)
    pending.reject(error)
  }

  #settle(settled: readonly Pending<Item, Result>[], results: readonly Result[]): void {
    const isSettled = new Set(settled)
    this.#taken = this.#taken.filter((pending) => !isSettled.has(pending))
    for (const [index, { resolve }] of settled.entries()) resolve(results[index]!)
  }
}
