interface Waiting<Key, Value> {
  readonly key: Key
  readonly resolve: (value: Value | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Looks up keys that arrive together in one statement: while one batch is read, the next one gathers. */
export class ReadTogether<Key, Value> {
  readonly #read: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>
  readonly #batchMax: number
  #waiting: Waiting<Key, Value>[] = []
  #reading: Promise<void> | null = null

  constructor(read: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>, batchMax = 1_000) {
    this.#read = read
    this.#batchMax = batchMax
  }

  /** What the key has, if anything. Throws what its batch's statement threw. */
  get(key: Key): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject })
      this.#reading ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // All look-ups of this tick are in the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batchMax)
      try {
        const found = await this.#read(batch.map(({ key }) => key))
        for (const { key, resolve } of batch) resolve(found.get(key))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    // Same tick: a resolved caller may enqueue more synchronously.
    this.#reading = null
  }
}
