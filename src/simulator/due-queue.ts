/** Items fall due together by ticks: fewer, larger writes, at the price of up to this much delay. */
const TICK_MS = 4

/** Runs actions when their time has come, all that are due in one go, so that a thousand timers cost one. */
export class DueQueue<Item> {
  readonly #run: (due: Item[]) => void
  /** By tick, in the order in which they were added. */
  readonly #slots = new Map<number, Item[]>()
  #timer: NodeJS.Timeout | null = null
  /** The first tick that has not been run. */
  #nextTick = 0
  #size = 0

  constructor(run: (due: Item[]) => void) {
    this.#run = run
  }

  add(item: Item, atMs: number): void {
    const nowMs = Date.now()
    if (this.#size === 0) this.#nextTick = Math.floor(nowMs / TICK_MS)
    const tick = Math.max(this.#nextTick, Math.ceil(atMs / TICK_MS))
    const slot = this.#slots.get(tick)
    if (slot) slot.push(item)
    else this.#slots.set(tick, [item])
    this.#size++
    this.#timer ??= setTimeout(() => this.#fire(), TICK_MS)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#slots.clear()
    this.#size = 0
  }

  #fire(): void {
    const items: Item[] = []
    const nowTick = Math.floor(Date.now() / TICK_MS)
    for (; this.#nextTick <= nowTick; this.#nextTick++) {
      const slot = this.#slots.get(this.#nextTick)
      if (!slot) continue
      for (const item of slot) items.push(item)
      this.#slots.delete(this.#nextTick)
    }
    this.#size -= items.length
    this.#timer = this.#size > 0 ? setTimeout(() => this.#fire(), TICK_MS) : null
    if (items.length > 0) this.#run(items)
  }
}
