import { Fifo } from '../../kafka/consumer/lanes/fifo.ts'

/** How far ahead of its time a slot is handed out: the attempt is committed meanwhile. */
export const GRANT_AHEAD_MS = 200
/** A slot that is nearer than this is wasted: its attempt could not be committed in time. */
const COMMIT_MS_MIN = 15
/** For how long slots are reserved at once. Shorter is fairer between workers, longer asks the database less often. */
const RESERVE_MS = 150

/**
 * The slots that a worker has reserved at an operator: times, rising, at each of which it may submit one part. Decides
 * when they may be handed out and how many more to reserve. Times by our own clock, in milliseconds.
 */
export class SlotSupply {
  readonly #perSecond: number
  readonly #slots = new Fifo<number>()
  #lastMs = 0
  #wasted = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Slots that passed unused. */
  get wasted(): number {
    return this.#wasted
  }

  /** Adds `count` slots of equal length, the first beginning at `beginMs`. */
  add(count: number, beginMs: number, slotMs: number): void {
    for (let index = 0; index < count; index++) this.#slots.push(beginMs + index * slotMs)
    this.#lastMs = beginMs + (count - 1) * slotMs
  }

  /** The next `cost` slots, if the first of them is near enough; null otherwise. */
  take(cost: number, nowMs: number): number[] | null {
    this.#dropPast(nowMs)
    const first = this.#slots.peek()
    if (first === undefined || this.#slots.length < cost || first > nowMs + GRANT_AHEAD_MS) return null
    return Array.from({ length: cost }, () => this.#slots.shift()!)
  }

  /** When `take` may succeed by waiting alone; null if it takes more slots. */
  grantAtMs(cost: number): number | null {
    return this.#slots.length < cost ? null : this.#slots.peek()! - GRANT_AHEAD_MS
  }

  /** How many slots to reserve now for parts that wait, the next message's `cost` among them; 0 while those at hand last. */
  wanted(waitingParts: number, cost: number, nowMs: number): number {
    this.#dropPast(nowMs)
    const atHand = this.#slots.length
    const lasts = atHand >= cost && this.#lastMs > nowMs + GRANT_AHEAD_MS + RESERVE_MS / 2
    if (waitingParts <= atHand || lasts) return 0
    return Math.max(cost - atHand, Math.min(waitingParts - atHand, Math.ceil((this.#perSecond * RESERVE_MS) / 1_000)))
  }

  #dropPast(nowMs: number): void {
    while (this.#slots.length > 0 && this.#slots.peek()! < nowMs + COMMIT_MS_MIN) {
      this.#slots.shift()
      this.#wasted++
    }
  }
}
