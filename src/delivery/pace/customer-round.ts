import { Fifo } from '../../kafka/consumer/lanes/fifo.ts'

/** The items that wait in a round. */
export interface RoundItem {
  readonly customerId: string
  /** 0 to 2 among those of its customer: the highest goes first. */
  readonly priority: number
  /** What it takes of its customer's share. */
  readonly cost: number
}

const PRIORITIES = 3

interface Customer<T> {
  readonly id: string
  readonly queues: readonly Fifo<T>[]
  waiting: number
  /** What it may still take in this round; below zero for what it took in advance. */
  credit: number
}

/**
 * Serves customers round-robin, each as much in a round as its weight, by deficit round robin (Shreedhar and Varghese,
 * 1995). A customer is served while it has credit, and may overdraw it by one item, which it sits out in the rounds
 * that follow: so the round goes by units and not by the largest item, and one that just came waits no longer than the
 * others' weights together. A debt outlives the customer's queue, or a customer that sends one large item after another
 * would never pay. Each step past a customer pays back a weight: what is served costs constant time, a unit of it.
 */
export class CustomerRound<T extends RoundItem> {
  readonly #weightOf: (customerId: string) => number
  readonly #customers = new Map<string, Customer<T>>()
  readonly #round = new Fifo<Customer<T>>()
  #waiting = 0

  /** `weightOf` is 1 or more. */
  constructor(weightOf: (customerId: string) => number) {
    this.#weightOf = weightOf
  }

  get waiting(): number {
    return this.#waiting
  }

  add(item: T): void {
    let customer = this.#customers.get(item.customerId)
    if (!customer) {
      const id = item.customerId
      const queues = Array.from({ length: PRIORITIES }, () => new Fifo<T>())
      customer = { id, queues, waiting: 0, credit: this.#weightOf(id) }
      this.#customers.set(id, customer)
      this.#round.push(customer)
    }
    customer.queues[Math.min(PRIORITIES - 1, item.priority)]!.push(item)
    customer.waiting++
    this.#waiting++
  }

  /** The next one, left in place. */
  peek(): T | undefined {
    if (this.#waiting === 0) return undefined
    while (true) {
      const customer = this.#round.peek()!
      if (customer.credit > 0 && customer.waiting > 0) return nextOf(customer).peek()
      this.#round.shift()
      if (customer.waiting === 0 && customer.credit >= 0) {
        this.#customers.delete(customer.id)
        continue
      }
      customer.credit += this.#weightOf(customer.id)
      this.#round.push(customer)
    }
  }

  /** Takes out what `peek` showed. */
  shift(): T | undefined {
    if (!this.peek()) return undefined
    const customer = this.#round.peek()!
    const item = nextOf(customer).shift()!
    customer.credit -= item.cost
    customer.waiting--
    this.#waiting--
    return item
  }

  /** Takes out all that match. */
  take(matches: (item: T) => boolean): T[] {
    const taken: T[] = []
    for (const customer of this.#customers.values()) {
      for (const queue of customer.queues) {
        queue.keep((item) => {
          const isTaken = matches(item)
          if (isTaken) taken.push(item)
          return !isTaken
        })
      }
      customer.waiting = customer.queues.reduce((sum, { length }) => sum + length, 0)
    }
    this.#waiting -= taken.length
    return taken
  }
}

function nextOf<T>({ queues }: Customer<T>): Fifo<T> {
  return queues.findLast(({ length }) => length > 0)!
}
