/** Items that wait for their time, in one timer. A binary heap: 100,000 parked items cost 17 steps each. */
export class Parking<T> {
  readonly #heap: { atMs: number; item: T }[] = []
  readonly #release: (item: T) => void
  #timer: NodeJS.Timeout | null = null

  /** `release` is called with each item whose time has come. */
  constructor(release: (item: T) => void) {
    this.#release = release
  }

  get size(): number {
    return this.#heap.length
  }

  /** Until that time by the clock of now: should the clock be set meanwhile, the wait is as long as it was to be. */
  park(item: T, wallAtMs: number): void {
    const heap = this.#heap
    const atMs = performance.now() + wallAtMs - Date.now()
    let at = heap.push({ atMs, item }) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.atMs <= heap[at]!.atMs) break
      this.#swap(at, parent)
      at = parent
    }
    if (at === 0) this.#arm()
  }

  /** Forgets what does not satisfy the predicate. */
  keep(predicate: (item: T) => boolean): void {
    const kept = this.#heap.filter(({ item }) => predicate(item))
    if (kept.length === this.#heap.length) return
    // In the order of their times, which is also a heap's.
    kept.sort((a, b) => a.atMs - b.atMs)
    this.#heap.length = 0
    for (const each of kept) this.#heap.push(each)
    this.#arm()
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#heap.length = 0
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const first = this.#heap[0]
    if (!first) return
    const waitMs = Math.min(Math.max(0, first.atMs - performance.now()), 60_000)
    this.#timer = setTimeout(() => this.#releaseDue(), waitMs)
  }

  #releaseDue(): void {
    const nowMs = performance.now()
    const due: T[] = []
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= nowMs) due.push(this.#takeFirst())
    this.#arm()
    for (const item of due) this.#release(item)
  }

  #takeFirst(): T {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first.item
    heap[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const right = left + 1
      let smallest = at
      if (left < heap.length && heap[left]!.atMs < heap[smallest]!.atMs) smallest = left
      if (right < heap.length && heap[right]!.atMs < heap[smallest]!.atMs) smallest = right
      if (smallest === at) return first.item
      this.#swap(at, smallest)
      at = smallest
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = held
  }
}
