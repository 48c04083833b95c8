import { Fifo } from '../kafka/consumer/fifo.ts'
import type { Connector } from './connectors/connector.ts'

/** The right to submit one message now; to be given back when its answer is there. */
export interface Turn {
  release(): void
}

/** Who waits: enough to serve customers in turn, and to let go of what a partition leaves behind. */
export interface Waiting {
  readonly customerId: string
  readonly priority: number
  readonly topic: string
  readonly partition: number
}

interface Ticket extends Waiting {
  readonly resolve: (turn: Turn | null) => void
}

const EXPRESS = 3

/**
 * Shares an operator's window between customers: each with messages waiting gets a turn after the other, whatever
 * the number of its messages. Messages of the highest priority go before all others.
 */
export class OperatorQueue {
  readonly #connector: Connector
  readonly #window: number
  readonly #express = new Fifo<Ticket>()
  readonly #customers = new Map<string, Fifo<Ticket>>()
  /** Customers with messages waiting, in the order of their turns. */
  readonly #round = new Fifo<string>()
  #inFlight = 0
  #waiting = 0
  #closed = false

  constructor(connector: Connector, window: number) {
    this.#connector = connector
    this.#window = window
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Resolves when it is this message's turn; null when it was abandoned before. */
  turn(waiting: Waiting): Promise<Turn | null> {
    if (this.#closed) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.#add({ ...waiting, resolve })
      this.pump()
    })
  }

  /** Serves as many as the window lets; called again when the operator is back. */
  pump(): void {
    while (this.#inFlight < this.#window && this.#connector.isReady) {
      const ticket = this.#next()
      if (!ticket) return
      this.#waiting--
      this.#inFlight++
      ticket.resolve({ release: () => this.#release() })
    }
  }

  /** Lets go of those that match; their place in the queue lapses. */
  abandon(matches: (waiting: Waiting) => boolean): void {
    for (const queue of [this.#express, ...this.#customers.values()]) {
      queue.keep((ticket) => {
        if (!matches(ticket)) return true
        this.#waiting--
        ticket.resolve(null)
        return false
      })
    }
  }

  /** Lets go of all that wait, and of all that come. */
  close(): void {
    this.#closed = true
    this.abandon(() => true)
  }

  #add(ticket: Ticket): void {
    this.#waiting++
    if (ticket.priority >= EXPRESS) {
      this.#express.push(ticket)
      return
    }
    let queue = this.#customers.get(ticket.customerId)
    if (!queue) {
      queue = new Fifo()
      this.#customers.set(ticket.customerId, queue)
      this.#round.push(ticket.customerId)
    }
    queue.push(ticket)
  }

  #next(): Ticket | undefined {
    const express = this.#express.shift()
    if (express) return express
    while (true) {
      const customerId = this.#round.shift()
      if (customerId === undefined) return undefined
      const queue = this.#customers.get(customerId)!
      const ticket = queue.shift()
      if (queue.length > 0) this.#round.push(customerId)
      else this.#customers.delete(customerId)
      if (ticket) return ticket
    }
  }

  #release(): void {
    this.#inFlight--
    this.pump()
  }
}
