import { PostLane, WINDOW_FIRST } from './post-lane.ts'

export interface SlotBounds {
  /** Posts in flight, of all endpoints; and as many slow ones besides. */
  readonly requestsMax: number
  readonly perCustomerMax: number
  readonly perEndpointMax: number
}

/** Whose post it is, and which server receives it. */
export interface SlotOwner {
  readonly endpointId: string
  readonly customerId: string
  readonly origin: string
}

/** A post in flight, from `begin` to `end`. How it went is reported once, as soon as it is known. */
export interface Slot {
  /**
   * It has had no answer for a second: it frees its slot, and counts among the slow ones. Returns false if there are
   * too many of those, and it must be broken off.
   */
  slow(): boolean
  succeeded(nowMs: number): void
  failed(nowMs: number): void
  end(): void
}

/** Of the slots that are free, the part that one endpoint, customer or server may have in flight besides. */
const ENDPOINT_PART = 1 / 8
const CUSTOMER_PART = 1 / 2
const ORIGIN_PART = 1
/** Endpoints that have not answered quickly of late have so much of all slots together. */
const UNPROVEN_PART = 1 / 2
const LANES_MAX = 20_000

/**
 * Shares out the posts in flight. Each endpoint, customer and server may have only a part of what is left free (the
 * dynamic threshold of Choudhury and Hahne, 1998): one alone gets much, many at once leave room for a new one.
 * Endpoints that are slow, failing, stalled or new share half of all. And a post has its slot for a second: then it is
 * slow, and its slot is another's. So however many receivers hang, and whenever they begin to, the others have slots
 * again within a second. It holds no timers and knows no clock.
 */
export class PostSlots {
  readonly #bounds: SlotBounds
  readonly #lanes = new Map<string, PostLane>()
  readonly #customers = new Map<string, number>()
  readonly #origins = new Map<string, number>()
  /** In flight and not slow, and those of them whose endpoint was not proven when they began. */
  #active = 0
  #unproven = 0
  #slow = 0

  constructor(bounds: SlotBounds) {
    this.#bounds = bounds
  }

  /** Posts in flight, slow ones included. */
  get inFlight(): number {
    return this.#active + this.#slow
  }

  /** Whether it makes no sense to wait for a slot: the endpoint is not answering. */
  isClosed(endpointId: string, nowMs: number): boolean {
    return this.#lanes.get(endpointId)?.isClosed(nowMs) ?? false
  }

  /** How many more posts the endpoint may have in flight, as far as it alone is concerned. `isProbe`: see `begin`. */
  roomFor(endpointId: string, nowMs: number, isProbe: boolean): number {
    const lane = this.#lanes.get(endpointId)
    if (!lane) return Math.min(WINDOW_FIRST, this.#bounds.perEndpointMax)
    if (isProbe ? lane.hasStalled(nowMs) : lane.isClosed(nowMs)) return 0
    return Math.min(lane.window, this.#bounds.perEndpointMax) - lane.inFlight
  }

  /**
   * A slot, or null if none may be had now. `isProbe`: also while the breaker is open, since the caller keeps its own.
   */
  begin(owner: SlotOwner, nowMs: number, isProbe = false): Slot | null {
    const lane = this.#laneOf(owner.endpointId, nowMs)
    if (isProbe ? lane.hasStalled(nowMs) : lane.isClosed(nowMs)) return null
    const { requestsMax, perEndpointMax } = this.#bounds
    const free = requestsMax - this.#active
    const isProven = lane.isProven(nowMs)
    if (free <= 0 || (!isProven && this.#unproven >= requestsMax * UNPROVEN_PART)) return null
    if (lane.inFlight >= Math.min(lane.window, perEndpointMax, part(free, ENDPOINT_PART))) return null
    if (!this.#hasRoom(owner, free)) return null
    return this.#take(owner, lane, nowMs, isProven)
  }

  #hasRoom({ customerId, origin }: SlotOwner, free: number): boolean {
    const customerMax = Math.min(this.#bounds.perCustomerMax, part(free, CUSTOMER_PART))
    if ((this.#customers.get(customerId) ?? 0) >= customerMax) return false
    return (this.#origins.get(origin) ?? 0) < part(free, ORIGIN_PART)
  }

  #take({ customerId, origin }: SlotOwner, lane: PostLane, beganMs: number, isProven: boolean): Slot {
    lane.begin(beganMs)
    add(this.#customers, customerId, 1)
    add(this.#origins, origin, 1)
    this.#countActive(1, isProven)
    let state: 'active' | 'slow' | 'ended' = 'active'
    return {
      succeeded: (nowMs) => lane.succeeded(nowMs - beganMs, nowMs, this.#bounds.perEndpointMax),
      failed: (nowMs) => lane.failed(nowMs),
      slow: () => {
        if (state !== 'active') return true
        if (this.#slow >= this.#bounds.requestsMax) return false
        state = 'slow'
        this.#countActive(-1, isProven)
        this.#slow++
        return true
      },
      end: () => {
        if (state === 'ended') return
        if (state === 'slow') this.#slow--
        else this.#countActive(-1, isProven)
        state = 'ended'
        lane.inFlight--
        add(this.#customers, customerId, -1)
        add(this.#origins, origin, -1)
      },
    }
  }

  #countActive(by: 1 | -1, isProven: boolean): void {
    this.#active += by
    if (!isProven) this.#unproven += by
  }

  #laneOf(endpointId: string, nowMs: number): PostLane {
    let lane = this.#lanes.get(endpointId)
    if (!lane) {
      if (this.#lanes.size >= LANES_MAX) this.#forgetIdle(nowMs)
      lane = new PostLane()
      this.#lanes.set(endpointId, lane)
    }
    return lane
  }

  /** Healthy endpoints first; if those are not enough, any that have nothing in flight. */
  #forgetIdle(nowMs: number): void {
    for (const [id, lane] of this.#lanes) if (lane.isIdle(nowMs)) this.#lanes.delete(id)
    if (this.#lanes.size < LANES_MAX) return
    for (const [id, lane] of this.#lanes) if (lane.inFlight === 0) this.#lanes.delete(id)
  }
}

function part(free: number, of: number): number {
  return Math.max(1, Math.floor(free * of))
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
