/** Where to look for rows of a shard: only behind this number. */
export interface ClaimPlace {
  readonly shard: number
  readonly seqAfter: number
}

/** How long a place is kept before claims begin there: by then rows of lower numbers have become visible. */
const TRAIL_MS = 1_000
/** How often a claim begins at the beginning, for a row that took longer still; rarer when that is slow. */
const FULL_MS = 2_000
const FULL_COST_FACTOR = 20

/**
 * Where claims begin. PostgreSQL scans the removed rows of a queue until they are vacuumed, which an old transaction
 * anywhere in the database can delay for hours; a claim from the very beginning then takes seconds. So claims begin
 * behind rows that were removed a while ago. Numbers become visible out of order, by as much as transactions differ in
 * length: hence a while, and now and then from the beginning all the same. Rows of one key become visible in order,
 * because the accepting transaction locks the customer's balance until its commit.
 */
export class ClaimCursor {
  /** Highest numbers that were claimed, by shard: up to now, and as of the last change of `#trailing`. */
  readonly #claimed = new Map<number, number>()
  #recent = new Map<number, number>()
  #trailing = new Map<number, number>()
  #trailedAtMs = 0
  #fullAtMs = 0
  #isFull = false

  /** For a claim while nothing is under way. */
  begin(shards: readonly number[], nowMs: number): ClaimPlace[] {
    this.#isFull = nowMs >= this.#fullAtMs
    if (this.#isFull) {
      this.#fullAtMs = nowMs + FULL_MS
      return shards.map((shard) => ({ shard, seqAfter: 0 }))
    }
    if (nowMs - this.#trailedAtMs >= TRAIL_MS) {
      this.#trailing = this.#recent
      this.#recent = new Map(this.#claimed)
      this.#trailedAtMs = nowMs
    }
    return shards.map((shard) => ({ shard, seqAfter: this.#trailing.get(shard) ?? 0 }))
  }

  /** For a claim while the rows claimed before are being published. */
  continue(shards: readonly number[]): ClaimPlace[] {
    this.#isFull = false
    return shards.map((shard) => ({ shard, seqAfter: this.#claimed.get(shard) ?? 0 }))
  }

  /** The claim gave these rows and took so long. */
  claimed(rows: readonly { shard: number; seq: number }[], tookMs: number): void {
    for (const { shard, seq } of rows) {
      if (seq > (this.#claimed.get(shard) ?? 0)) this.#claimed.set(shard, seq)
    }
    if (this.#isFull) this.#fullAtMs += tookMs * FULL_COST_FACTOR
  }

  /** Some rows stay, or the shards are others: the next claim begins at the beginning. */
  reset(): void {
    this.#claimed.clear()
    this.#recent.clear()
    this.#trailing.clear()
    this.#fullAtMs = 0
  }
}
