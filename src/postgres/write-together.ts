interface Waiting<Item> {
  readonly item: Item
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes items that arrive together in one statement: while one batch is written, the next one gathers. */
export class WriteTogether<Item> {
  readonly #write: (items: readonly Item[]) => Promise<void>
  readonly #batchMax: number
  #waiting: Waiting<Item>[] = []
  #writing: Promise<void> | null = null

  constructor(write: (items: readonly Item[]) => Promise<void>, batchMax = 1_000) {
    this.#write = write
    this.#batchMax = batchMax
  }

  /** Resolves when the item is written; throws what its batch's statement threw. */
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
        await this.#write(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    // In the same breath, as whoever was told above may ask for more at once.
    this.#writing = null
  }
}
