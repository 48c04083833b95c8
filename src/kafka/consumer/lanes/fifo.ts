/** A first-in, first-out queue with constant-time ends; `unshift` puts one back where it was taken from. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]!
    this.#items[this.#head++] = undefined as T
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) this.#compact()
    else if (this.#head === this.#items.length) this.#items.length = this.#head = 0
    return item
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item
    else this.#items.unshift(item)
  }

  /** Removes what does not satisfy the predicate. */
  keep(predicate: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(predicate)
    this.#head = 0
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
