import type { Connection } from '../postgres/pool.ts'

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
  /** Whether what failed is tried again until it is written, or told so. */
  readonly isKept: boolean
}

/** What waits for the next transaction, of one kind. Whoever asked is told when it is committed. */
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

  /** Takes what waits into the transaction that begins. Returns how many that are. */
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
    for (const [index, { resolve }] of this.#taken.splice(0).entries()) resolve(this.#results[index]!)
  }

  failed(error: unknown, isLast: boolean): void {
    const taken = this.#taken.splice(0)
    if (this.#options.isKept && !isLast) this.#waiting.unshift(...taken)
    else for (const { reject } of taken) reject(error)
  }
}
