import { Fifo } from '../../kafka/consumer/fifo.ts'

/** What waits in a lane: whose it is, and how many messages it has. */
export interface LaneItem {
  readonly customerId: string
  readonly size: number
}

interface Lane<Item> {
  readonly items: Fifo<Item>
  messages: number
  /** Messages that the lane may still take in its round. */
  credit: number
}

/** Messages that each customer may take in a round: small beside a transaction, so that it has room for many customers. */
const QUANTUM = 50

/**
 * A lane of waiting requests for each customer, served in rounds (deficit round robin: Shreedhar and Varghese, 1995):
 * however much one sends, and in however large requests, another's next request waits for no more than a round. The
 * requests of a customer keep their order, and are with one transaction at a time: a second one would only wait for the
 * first, which has the lock on its balance.
 */
export class CustomerLanes<Item extends LaneItem> {
  readonly #lanes = new Map<string, Lane<Item>>()
  /** Customers who have something to take, the next first. */
  readonly #ready = new Set<string>()
  readonly #taken = new Set<string>()
  #messages = 0

  /** Messages that wait. */
  get messages(): number {
    return this.#messages
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  /** Whether `take` would give anything. */
  get isReady(): boolean {
    return this.#ready.size > 0
  }

  messagesOf(customerId: string): number {
    return this.#lanes.get(customerId)?.messages ?? 0
  }

  push(item: Item): void {
    let lane = this.#lanes.get(item.customerId)
    if (!lane) {
      lane = { items: new Fifo(), messages: 0, credit: 0 }
      this.#lanes.set(item.customerId, lane)
    }
    lane.items.push(item)
    lane.messages += item.size
    this.#messages += item.size
    if (!this.#taken.has(item.customerId)) this.#ready.add(item.customerId)
  }

  /**
   * Takes requests of up to `messagesMax` messages, or one that is larger. Their customers are passed over until
   * `release` is called with what was taken.
   */
  take(messagesMax: number): Item[] {
    const items: Item[] = []
    let messages = 0
    const hasRoom = ({ size }: Item): boolean => items.length === 0 || messages + size <= messagesMax
    while (messages < messagesMax) {
      const [customerId] = this.#ready
      if (customerId === undefined) break
      const lane = this.#lanes.get(customerId)!
      lane.credit += QUANTUM
      // It is the next transaction's first then.
      if (lane.items.peek()!.size <= lane.credit && !hasRoom(lane.items.peek()!)) break
      for (let next = lane.items.peek(); next && next.size <= lane.credit && hasRoom(next); next = lane.items.peek()) {
        items.push(lane.items.shift()!)
        lane.credit -= next.size
        lane.messages -= next.size
        messages += next.size
      }
      this.#ready.delete(customerId)
      if (lane.items.length > 0) this.#ready.add(customerId)
      else this.#lanes.delete(customerId)
    }
    this.#messages -= messages
    for (const { customerId } of items) {
      this.#taken.add(customerId)
      this.#ready.delete(customerId)
    }
    return items
  }

  release(items: readonly Item[]): void {
    for (const { customerId } of items) {
      this.#taken.delete(customerId)
      if (this.#lanes.has(customerId)) this.#ready.add(customerId)
    }
  }
}
