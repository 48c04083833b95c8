/** Counts what comes in each second of the clock against a limit. */
export class RateLimit {
  readonly #perSecond: number
  #second = 0
  #taken = 0

  /** 0 for no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether one more at that moment is one too many. What is too many counts as well. */
  isOver(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#taken = 0
    }
    return this.#perSecond > 0 && ++this.#taken > this.#perSecond
  }
}
