/** So many units a second on average, and so many at once. */
export interface RatePolicy {
  /** 0: no limit. */
  readonly perSecond: number
  readonly burst: number
}

export interface RateVerdict {
  readonly allowed: boolean
  /** Units that could be taken now, after this one. */
  readonly remaining: number
  /** Until the burst is whole again if it was allowed; until it would be if not. */
  readonly waitMs: number
}

/** Looked at for each new key, so that keys which are idle leave as fast as others come. */
const SWEPT_PER_KEY = 4

/**
 * Token buckets by key, of which only the time is kept when each is full again (GCRA): one number a key, no timers, and
 * at most `keysMax` keys. Beyond that the key that came first is forgotten, and begins with a whole burst.
 */
export class RateBuckets {
  readonly #policy: RatePolicy
  readonly #keysMax: number
  readonly #fullAtMs = new Map<string, number>()

  constructor(policy: RatePolicy, keysMax: number) {
    this.#policy = policy
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#fullAtMs.size
  }

  /** Takes `cost` units if they are there. What costs more than a burst takes a whole burst, and the rest as a debt. */
  take(key: string, cost: number, nowMs: number): RateVerdict {
    const { perSecond, burst } = this.#policy
    if (perSecond === 0) return { allowed: true, remaining: burst, waitMs: 0 }
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs)
    const units = burst - ((fullAtMs - nowMs) * perSecond) / 1_000
    const missing = Math.min(cost, burst) - units
    if (missing > ROUNDING) {
      return { allowed: false, remaining: Math.max(0, Math.floor(units)), waitMs: (missing * 1_000) / perSecond }
    }
    const nextFullAtMs = fullAtMs + (cost * 1_000) / perSecond
    this.#set(key, nextFullAtMs, nowMs)
    return { allowed: true, remaining: Math.max(0, Math.floor(units - cost)), waitMs: nextFullAtMs - nowMs }
  }

  /** Takes units that were used already, as a debt if they are not there; below 0 it gives them back. */
  charge(key: string, cost: number, nowMs: number): void {
    const { perSecond } = this.#policy
    if (perSecond === 0 || cost === 0) return
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs)
    this.#set(key, Math.max(nowMs, fullAtMs + (cost * 1_000) / perSecond), nowMs)
  }

  #set(key: string, fullAtMs: number, nowMs: number): void {
    if (!this.#fullAtMs.has(key)) this.#sweep(nowMs)
    this.#fullAtMs.set(key, fullAtMs)
  }

  #sweep(nowMs: number): void {
    let looked = 0
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (looked++ === SWEPT_PER_KEY) break
      this.#fullAtMs.delete(key)
      if (fullAtMs > nowMs) this.#fullAtMs.set(key, fullAtMs)
    }
    if (this.#fullAtMs.size >= this.#keysMax) this.#fullAtMs.delete(this.#fullAtMs.keys().next().value!)
  }
}

/** Times are floating-point numbers: what lacks so little is there. */
const ROUNDING = 1e-6
