import { EXPRESS_PRIORITY } from '../../events/delivery-partition.ts'
import type { Connector } from '../connectors/connector.ts'
import { CustomerRound, type RoundItem } from './customer-round.ts'
import type { Gate, Permit, Reopened } from './gate.ts'

/** The right to submit the parts of one message; to be given back when all their answers are there. */
export interface Slot extends Permit {
  release(): void
}

/** A message that waits for a slot: enough to serve customers round-robin, and to drop those of a revoked partition. */
export interface Waiting extends RoundItem {
  readonly topic: string
  readonly partition: number
  /** Parts to be submitted. */
  readonly cost: number
  /** Deadline after which the slot is useless; null or absent: no deadline. */
  readonly validUntilMs?: number | null
}

interface Ticket extends Waiting {
  readonly resolve: (slot: Slot | null) => void
}

export interface QueueRules {
  /** What a customer is served in a round, 1 or more; default 1 for all. */
  readonly weightOf?: (customerId: string) => number
  /** Says when the operator may be given messages; default: always. */
  readonly openGate?: (reopened: Reopened) => Gate
}

/** Express messages served one after another while others wait; then it is one of theirs. */
const EXPRESS_RUN_MAX = 9

const AT_ONCE: Permit = { untilMs: 0, due: async () => true }
const ALWAYS_OPEN: Gate = { take: () => AT_ONCE, throttled() {}, stop() {} }

/**
 * Shares an operator between customers. Its window bounds the parts that await answers (the last message served may
 * exceed it), its gate their pace. Next come customers round-robin by their weights (`customer-round.ts`); messages of
 * the highest priority before all others, also customer by customer, but no more than nine of ten slots.
 */
export class OperatorQueue {
  readonly #connector: Pick<Connector, 'isReady'>
  readonly #window: number
  readonly #gate: Gate
  readonly #express: CustomerRound<Ticket>
  readonly #ordinary: CustomerRound<Ticket>
  #expressRun = 0
  #waitingParts = 0
  #inFlight = 0
  #closed = false

  constructor(connector: Pick<Connector, 'isReady'>, window: number, rules: QueueRules = {}) {
    const { weightOf = () => 1, openGate = () => ALWAYS_OPEN } = rules
    this.#connector = connector
    this.#window = window
    this.#gate = openGate(() => this.pump())
    this.#express = new CustomerRound(weightOf)
    this.#ordinary = new CustomerRound(weightOf)
  }

  /** Parts that await their answers. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Messages that wait for their slot. */
  get waiting(): number {
    return this.#express.waiting + this.#ordinary.waiting
  }

  /** Resolves to this message's slot; null when it was abandoned before, or is not valid any more. */
  slot(waiting: Waiting): Promise<Slot | null> {
    if (this.#closed) return Promise.resolve(null)
    return new Promise((resolve) => {
      const round = waiting.priority >= EXPRESS_PRIORITY ? this.#express : this.#ordinary
      round.add({ ...waiting, resolve })
      this.#waitingParts += waiting.cost
      this.pump()
    })
  }

  /** Serves as many as the window and the gate let; called again when the operator is back. */
  pump(): void {
    while (this.#inFlight < this.#window && this.#connector.isReady) {
      const round = this.#nextRound()
      const ticket = round.peek()
      if (!ticket) return
      const { cost, validUntilMs } = ticket
      if (validUntilMs && validUntilMs <= Date.now()) {
        // It must not take from the pace of those that can still be sent.
        this.#waitingParts -= cost
        round.shift()!.resolve(null)
        continue
      }
      const permit = this.#gate.take(cost, this.#waitingParts)
      if (!permit) return
      this.#expressRun = round === this.#express ? this.#expressRun + 1 : 0
      this.#waitingParts -= cost
      this.#inFlight += cost
      round.shift()!.resolve({ untilMs: permit.untilMs, due: () => permit.due(), release: () => this.#release(cost) })
    }
  }

  /** The operator refused for pace. */
  throttled(): void {
    this.#gate.throttled()
  }

  /** Drops those that match; their place in the queue lapses. */
  abandon(matches: (waiting: Waiting) => boolean): void {
    for (const round of [this.#express, this.#ordinary]) {
      for (const { cost, resolve } of round.take(matches)) {
        this.#waitingParts -= cost
        resolve(null)
      }
    }
  }

  /** Drops all that wait, and all that come. */
  close(): void {
    this.#closed = true
    this.abandon(() => true)
    this.#gate.stop()
  }

  #nextRound(): CustomerRound<Ticket> {
    if (this.#express.waiting === 0) return this.#ordinary
    return this.#ordinary.waiting > 0 && this.#expressRun >= EXPRESS_RUN_MAX ? this.#ordinary : this.#express
  }

  #release(cost: number): void {
    this.#inFlight -= cost
    this.pump()
  }
}
