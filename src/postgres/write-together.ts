import { isolateFailures } from '../runtime/isolate-failures.ts'
import { isItemFault } from './database-errors.ts'

interface Waiting<Item> {
  readonly item: Item
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes items that arrive together in one statement: while one batch is written, the next one gathers. A batch that
 * fails for what it brings is taken apart, so that only the callers of bad items get an error.
 */
export class WriteTogether<Item> {
  readonly #write: (items: readonly Item[]) => Promise<void>
  readonly #batchMax: number
  #waiting: Waiting<Item>[] = []
  #writing: Promise<void> | null = null

  constructor(write: (items: readonly Item[]) => Promise<void>, batchMax = 1_000) {
    this.#write = write
    this.#batchMax = batchMax
  }

  /** Resolves when the item is written; throws what PostgreSQL refuses it for, or what its batch's statement threw. */
  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#writing ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batchMax)
      try {
        await this.#writeApart(batch)
      } catch (error) {
        // Its retries of items that were written by then report nothing.
        for (const { reject } of batch) reject(error)
      }
    }
    // Same tick: a resolved caller may enqueue more synchronously.
    this.#writing = null
  }

  async #writeApart(batch: readonly Waiting<Item>[]): Promise<void> {
    await isolateFailures(batch, {
      apply: async (part) => {
        await this.#write(part.map(({ item }) => item))
        for (const { resolve } of part) resolve()
        return part
      },
      isItemFault,
      isolated: (bad, error) => {
        bad.reject(error)
        return bad
      },
    })
  }
}
