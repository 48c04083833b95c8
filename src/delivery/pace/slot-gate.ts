import { ClockOffset } from '../../postgres/clock-offset.ts'
import type { Pool } from '../../postgres/pool.ts'
import { backoffMs } from '../../runtime/backoff.ts'
import type { Gate, Permit, Reopened } from './gate.ts'
import { type ReservedRow, reserveSlots, slowDown } from './pace-statements.ts'
import { SlotSupply } from './slot-supply.ts'

/** A part is still written this long after its slot began. Later, it would come together with those of later slots. */
const LATE_MS_MAX = 20
/** The first slot of a reservation: by then the answer is here and an attempt committed. */
const LEAD_MS = 60
/** How long after the slot that it missed a part may still have another. */
const REPLACE_MS_MAX = 2_000
const PAUSE_MS = 300

export interface SlotGateParts {
  readonly pool: Pool
  readonly operator: string
  /** Parts per second, of all workers together. */
  readonly perSecond: number
  readonly failed: (error: unknown) => void
  readonly counted: (what: 'used' | 'missed' | 'wasted', slots: number) => void
}

interface Missed {
  readonly deadlineMs: number
  readonly resolve: (slotMs: number | null) => void
}

/**
 * Holds an operator's pace over all workers. PostgreSQL keeps where the next free slot begins; each worker reserves
 * slots for its pending messages, a fraction of a second ahead, and submits at their times. So the pace holds when
 * workers come and go: a worker that dies takes with it only the few slots that it had reserved.
 */
export class SlotGate implements Gate {
  readonly #parts: SlotGateParts
  readonly #reopened: Reopened
  readonly #supply: SlotSupply
  readonly #clock = new ClockOffset()
  /** Parts that missed their slots, and wait for others before anything else does. */
  #missed: Missed[] = []
  #waitingParts = 0
  #cost = 1
  #reserving = false
  #failures = 0
  #timer: NodeJS.Timeout | null = null
  #wasted = 0
  #stopped = false

  constructor(parts: SlotGateParts, reopened: Reopened) {
    this.#parts = parts
    this.#reopened = reopened
    this.#supply = new SlotSupply(parts.perSecond)
  }

  take(cost: number, waitingParts: number): Permit | null {
    const nowMs = Date.now()
    this.#waitingParts = waitingParts
    const slots = this.#supply.take(cost, nowMs)
    if (slots) this.#waitingParts -= cost
    this.#cost = Math.min(cost, this.#waitingParts)
    this.#reportWasted()
    void this.#reserve()
    if (slots) return { untilMs: slots.at(-1)!, due: () => this.#due(slots.shift()!) }
    const grantAtMs = this.#supply.grantAtMs(cost)
    if (grantAtMs !== null) this.#reopenIn(grantAtMs - nowMs)
    return null
  }

  throttled(): void {
    this.#parts.pool.query(slowDown(this.#parts.operator, PAUSE_MS)).catch(this.#parts.failed)
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    for (const { resolve } of this.#missed.splice(0)) resolve(null)
  }

  async #due(slotMs: number): Promise<boolean> {
    const deadlineMs = slotMs + REPLACE_MS_MAX
    let atMs: number | null = slotMs
    while (atMs !== null) {
      const waitMs = atMs - Date.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      if (Date.now() - atMs <= LATE_MS_MAX) {
        this.#parts.counted('used', 1)
        return true
      }
      this.#parts.counted('missed', 1)
      atMs = await this.#another(deadlineMs)
    }
    return false
  }

  /** Another slot for a part whose attempt is committed; null if none comes soon. */
  #another(deadlineMs: number): Promise<number | null> {
    if (this.#stopped || Date.now() >= deadlineMs) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.#missed.push({ deadlineMs, resolve })
      void this.#reserve()
    })
  }

  /** Reserves what is wanted, one request at a time. */
  async #reserve(): Promise<void> {
    if (this.#reserving || this.#stopped) return
    const wanted = this.#supply.wanted(this.#waitingParts, this.#cost, Date.now())
    const slots = this.#missed.length + wanted
    if (slots === 0) return
    this.#reserving = true
    const replacing = this.#missed.splice(0)
    try {
      const { beginMs, slotMs } = await this.#request(slots)
      replacing.forEach(({ resolve, deadlineMs }, index) => {
        const atMs = beginMs + index * slotMs
        resolve(atMs < deadlineMs ? atMs : null)
      })
      if (wanted > 0) this.#supply.add(wanted, beginMs + replacing.length * slotMs, slotMs)
      this.#failures = 0
      this.#reserving = false
      this.#reopened()
      // A message that missed a slot meanwhile found a request under way, and nothing else may wait to make the next.
      if (this.#missed.length > 0) void this.#reserve()
    } catch (error) {
      for (const { resolve } of [...replacing, ...this.#missed.splice(0)]) resolve(null)
      this.#failures++
      this.#reserving = false
      this.#parts.failed(error)
      this.#reopenIn(backoffMs(this.#failures, 100, 2_000))
    }
  }

  /** When the reserved slots begin, by our clock, and how long each is. */
  async #request(slots: number): Promise<{ beginMs: number; slotMs: number }> {
    const { pool, operator, perSecond } = this.#parts
    const askedMs = Date.now()
    const { rows } = await pool.query<ReservedRow>(reserveSlots(operator, slots, perSecond, LEAD_MS))
    const [{ end_ms, slot_ms, now_ms }] = rows as [ReservedRow]
    this.#clock.sample(askedMs, Date.now(), now_ms)
    return { beginMs: this.#clock.toOurs(end_ms - slots * slot_ms), slotMs: slot_ms }
  }

  #reopenIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#reopened(), Math.max(1, ms))
  }

  #reportWasted(): void {
    const wasted = this.#supply.wasted - this.#wasted
    if (wasted === 0) return
    this.#wasted = this.#supply.wasted
    this.#parts.counted('wasted', wasted)
  }
}
