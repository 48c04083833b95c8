/*
  A message's id is a number below 2^53 that rises with time, so that tables can be partitioned by it:
    id = milliseconds since 2026-01-01T00:00Z * 2^13  +  slot * 2^7  +  count within the millisecond
  Forty bits of milliseconds last until 2060. A slot is a process that accepts messages, 64 at once. Should two
  processes ever share a slot, the primary key refuses the second message of the same id, and it is given another.
*/
const EPOCH_MS = Date.UTC(2026, 0, 1)
const SLOTS = 64
const COUNT_PER_MS = 128
const PER_MS = SLOTS * COUNT_PER_MS

/** The first id that a message accepted at that time can have. */
export function firstSmsIdAt(timeMs: number): number {
  return (timeMs - EPOCH_MS) * PER_MS
}

/** When a message with that id was accepted, as its process's clock said. */
export function smsIdTimeMs(smsId: number): number {
  return Math.floor(smsId / PER_MS) + EPOCH_MS
}

export class SmsIds {
  readonly #slot: number
  #lastMs = 0
  #count = 0

  constructor(slot: number) {
    this.#slot = slot % SLOTS
  }

  /** A new id, higher than all before it here, also when the clock steps back. More than 128 in a millisecond borrow from the next. */
  next(nowMs: number): number {
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#count = 0
    } else if (++this.#count === COUNT_PER_MS) {
      this.#lastMs++
      this.#count = 0
    }
    return firstSmsIdAt(this.#lastMs) + this.#slot * COUNT_PER_MS + this.#count
  }
}
