import { Fifo } from '../kafka/consumer/lanes/fifo.ts'

/** A pending request: its customer, and how many messages it has. */
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
 * requests of a customer keep their order.
 */
export class CustomerLanes<Item extends LaneItem> {
  /** By customer, the next first. */
  readonly #lanes = new Map<string, Lane<Item>>()
  /** Transactions that have requests of a customer. */
  readonly #underWay = new Map<string, number>()
  #idleLanes = 0
  #messages = 0

  /** Messages that wait. */
  get messages(): number {
    return this.#messages
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  /** Whether a customer waits that has no request in a running transaction. */
  get hasIdle(): boolean {
    return this.#idleLanes > 0
  }

  messagesOf(customerId: string): number {
    return this.#lanes.get(customerId)?.messages ?? 0
  }

  push(item: Item): void {
    let lane = this.#lanes.get(item.customerId)
    if (!lane) {
      lane = { items: new Fifo(), messages: 0, credit: 0 }
      this.#lanes.set(item.customerId, lane)
      if (!this.#underWay.has(item.customerId)) this.#idleLanes++
    }
    lane.items.push(item)
    lane.messages += item.size
    this.#messages += item.size
  }

  /**
   * Takes requests of up to `messagesMax` messages, or one that is larger; with `idleOnly` only those of customers that
   * have no request in a running transaction. They count as running until `release` is called with them.
   */
  take(messagesMax: number, idleOnly = false): Item[] {
    const items: Item[] = []
    let messages = 0
    const hasRoom = ({ size }: Item): boolean => items.length === 0 || messages + size <= messagesMax
    while (messages < messagesMax) {
      const customerId = this.#next(idleOnly)
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
      this.#lanes.delete(customerId)
      if (lane.items.length > 0) this.#lanes.set(customerId, lane)
      else if (!this.#underWay.has(customerId)) this.#idleLanes--
    }
    this.#messages -= messages
    for (const customerId of customersOf(items)) {
      const count = this.#underWay.get(customerId) ?? 0
      if (count === 0 && this.#lanes.has(customerId)) this.#idleLanes--
      this.#underWay.set(customerId, count + 1)
    }
    return items
  }

  release(items: readonly Item[]): void {
    for (const customerId of customersOf(items)) {
      const left = this.#underWay.get(customerId)! - 1
      if (left > 0) {
        this.#underWay.set(customerId, left)
        continue
      }
      this.#underWay.delete(customerId)
      if (this.#lanes.has(customerId)) this.#idleLanes++
    }
  }

  #next(idleOnly: boolean): string | undefined {
    for (const customerId of this.#lanes.keys()) {
      if (!idleOnly || !this.#underWay.has(customerId)) return customerId
    }
    return undefined
  }
}

function customersOf(items: readonly LaneItem[]): Set<string> {
  return new Set(items.map(({ customerId }) => customerId))
}
