import type { PostSlots, Slot, SlotOwner } from './post-slots.ts'

/** How long an event waits in memory for a slot before it waits in the table of retries. */
const WAIT_MS_MAX = 1_000
/** Of the places in the queue that are free, the part that one endpoint may take. */
const ENDPOINT_PART = 1 / 8
/** Endpoints looked at for each slot that is freed. */
const LOOKED_AT_MAX = 16

interface Waiter {
  readonly owner: SlotOwner
  readonly timer: NodeJS.Timeout
  readonly resolve: (slot: Slot | null) => void
}

/**
 * Where events wait a moment for a slot: a burst for an endpoint that is well is levelled here. Endpoints are served
 * round-robin. An endpoint that is not answering keeps nothing waiting: its events are refused at once.
 */
export class PostQueue {
  readonly #slots: PostSlots
  readonly #waitingMax: number
  readonly #waiting = new Map<string, Set<Waiter>>()
  #count = 0

  constructor(slots: PostSlots, waitingMax: number) {
    this.#slots = slots
    this.#waitingMax = waitingMax
  }

  get waiting(): number {
    return this.#count
  }

  /**
   * A slot, at once where there is one; null if there is none within a second, or for the endpoint no place to wait.
   */
  acquire(owner: SlotOwner): Slot | null | Promise<Slot | null> {
    const nowMs = performance.now()
    const before = this.#waiting.get(owner.endpointId)
    const slot = before ? null : this.#slots.begin(owner, nowMs)
    if (slot) return slot
    const placesMax = Math.floor((this.#waitingMax - this.#count) * ENDPOINT_PART)
    if (this.#slots.isClosed(owner.endpointId, nowMs) || (before?.size ?? 0) >= placesMax) return null
    return new Promise((resolve) => {
      const waiter: Waiter = { owner, resolve, timer: setTimeout(() => this.#leave(waiter, null), WAIT_MS_MAX) }
      if (before) before.add(waiter)
      else this.#waiting.set(owner.endpointId, new Set([waiter]))
      this.#count++
    })
  }

  /** Frees the slot of a post that has become slow, and hands out what may be had now. Returns whether it may go on. */
  linger(slot: Slot): boolean {
    const mayGoOn = slot.slow()
    if (mayGoOn && this.#count > 0) this.#serve()
    return mayGoOn
  }

  /** Frees a slot, and hands out what may be had now. */
  release(slot: Slot): void {
    slot.end()
    if (this.#count > 0) this.#serve()
  }

  /** Refuses all that waits. */
  stop(): void {
    for (const waiters of this.#waiting.values()) for (const waiter of waiters) this.#leave(waiter, null)
  }

  #serve(): void {
    const nowMs = performance.now()
    let looksLeft = LOOKED_AT_MAX
    for (const [endpointId, waiters] of this.#waiting) {
      if (looksLeft-- === 0) return
      // To the end of the queue, whether it gets a slot or not.
      this.#waiting.delete(endpointId)
      this.#waiting.set(endpointId, waiters)
      const [first] = waiters
      const slot = this.#slots.begin(first!.owner, nowMs)
      if (slot) this.#leave(first!, slot)
    }
  }

  #leave(waiter: Waiter, slot: Slot | null): void {
    const { endpointId } = waiter.owner
    const waiters = this.#waiting.get(endpointId)
    if (!waiters?.delete(waiter)) return
    if (waiters.size === 0) this.#waiting.delete(endpointId)
    this.#count--
    clearTimeout(waiter.timer)
    waiter.resolve(slot)
  }
}
