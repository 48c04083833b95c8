/** Counts what comes in each second of the clock against a limit. */
export class RateLimit {
  readonly #perSecond: number
  readonly #holdsMs: number
  #untilMs: number | null = null
  #second = 0
  #taken = 0

  /** 0 for no limit, and for one that always holds; otherwise it holds for `holdsMs` from the first that comes. */
  constructor(perSecond: number, holdsMs: number) {
    this.#perSecond = perSecond
    this.#holdsMs = holdsMs
  }

  /** Whether one more at that moment is one too many. What is too many counts as well. */
  isOver(nowMs: number): boolean {
    this.#untilMs ??= this.#holdsMs > 0 ? nowMs + this.#holdsMs : Number.POSITIVE_INFINITY
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#taken = 0
    }
    return this.#perSecond > 0 && nowMs < this.#untilMs && ++this.#taken > this.#perSecond
  }
}
