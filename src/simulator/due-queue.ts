/** Runs actions when their time has come, all that are due in one go, so that a thousand timers cost one. */
export class DueQueue<Item> {
  readonly #run: (due: Item[]) => void
  /** By millisecond, in the order in which they were added. */
  readonly #slots = new Map<number, Item[]>()
  #timer: NodeJS.Timeout | null = null
  #nextMs = 0
  #size = 0

  constructor(run: (due: Item[]) => void) {
    this.#run = run
  }

  get size(): number {
    return this.#size
  }

  add(item: Item, atMs: number): void {
    const slot = this.#slots.get(atMs)
    if (slot) slot.push(item)
    else this.#slots.set(atMs, [item])
    this.#size++
    if (this.#timer && this.#nextMs <= atMs) return
    this.#arm(atMs)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#slots.clear()
    this.#size = 0
  }

  #arm(atMs: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#nextMs = atMs
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, atMs - Date.now()))
  }

  #fire(): void {
    this.#timer = null
    const nowMs = Date.now()
    const due = [...this.#slots.keys()].filter((atMs) => atMs <= nowMs).sort((a, b) => a - b)
    const items: Item[] = []
    for (const atMs of due) {
      items.push(...this.#slots.get(atMs)!)
      this.#slots.delete(atMs)
    }
    this.#size -= items.length
    if (this.#slots.size > 0) this.#arm(Math.max(nowMs + 1, Math.min(...this.#slots.keys())))
    if (items.length > 0) this.#run(items)
  }
}
