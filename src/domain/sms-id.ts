/*
  A message's id is a number below 2^53 that rises with time, so that tables can be partitioned by it:
    id = milliseconds since 2026-01-01T00:00Z * 2^13  +  slot * 2^7  +  count within the millisecond
  Forty bits of milliseconds last until 2060. A slot is a process that accepts messages, 63 at once; the last one is
  for references that commands draw one by one. PostgreSQL leases slots together with blocks of ids, so that no two
  processes can draw the same (src/accept/id-slot-lease.ts).
*/
const EPOCH_MS = Date.UTC(2026, 0, 1)
const SLOTS = 64
const COUNT_PER_MS = 128
const PER_MS = SLOTS * COUNT_PER_MS

/** The slot of references that are drawn one by one, each with a millisecond of its own. */
export const REFERENCE_SLOT = SLOTS - 1

/** The first id that a message accepted at that time can have. */
export function firstSmsIdAt(timeMs: number): number {
  return (timeMs - EPOCH_MS) * PER_MS
}

/** When a message with that id was accepted, as PostgreSQL's clock said. */
export function smsIdTimeMs(smsId: number): number {
  return Math.floor(smsId / PER_MS) + EPOCH_MS
}

/** The block of ids is used up. */
export class IdsExhaustedError extends Error {
  override readonly name = 'IdsExhaustedError'
}

/** Draws the ids of one slot whose times lie in a block: from `fromMs`, and below `untilMs`. */
export class SmsIds {
  readonly #slot: number
  #lastMs: number
  #count = COUNT_PER_MS - 1
  #untilMs: number

  constructor(slot: number, fromMs = 0, untilMs = Number.POSITIVE_INFINITY) {
    this.#slot = slot % SLOTS
    this.#lastMs = fromMs - 1
    this.#untilMs = untilMs
  }

  /** The first millisecond of which no id was drawn. */
  get unusedFromMs(): number {
    return this.#lastMs + 1
  }

  /** Moves the end of the block; it never shrinks. */
  extend(untilMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, untilMs)
  }

  /**
   * A new id, higher than all before it here, also when the clock steps back. More than 128 in a millisecond borrow from
   * the next. Throws IdsExhaustedError at the end of the block.
   */
  next(nowMs: number): number {
    const isNewMs = nowMs > this.#lastMs
    const ms = isNewMs ? nowMs : this.#count + 1 < COUNT_PER_MS ? this.#lastMs : this.#lastMs + 1
    if (ms >= this.#untilMs) throw new IdsExhaustedError('the block of ids is used up')
    this.#count = ms === this.#lastMs ? this.#count + 1 : 0
    this.#lastMs = ms
    return firstSmsIdAt(ms) + this.#slot * COUNT_PER_MS + this.#count
  }
}
