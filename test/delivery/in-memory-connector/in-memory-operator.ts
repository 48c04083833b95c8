import type { OutgoingMessage, Receipt } from '../../../src/delivery/connectors/connector.ts'
import type { RefusalClass } from '../../../src/delivery/connectors/refusal-class.ts'

/** `id` is the operator's name for the submit; null: it names none. */
export type InMemoryAnswer = { readonly kind: 'taken'; readonly id: string | null } | { readonly kind: RefusalClass }

/** A submit as the operator has it. */
export interface InMemorySubmit {
  readonly message: OutgoingMessage
  readonly part: number
  answer(answer: InMemoryAnswer): void
}

export interface InMemoryReceipt {
  /** Null: the receipt names no submit, and cannot be read. */
  readonly id: string | null
  readonly status: Receipt['status']
  /** E.164. */
  readonly phone: string
}

/** The gateway's side of a session. */
export interface InMemorySession {
  /** Resolves to whether the receipt is acknowledged; the operator is to send it again if not. */
  receive(receipt: InMemoryReceipt): Promise<boolean>
  /** The operator, or the network, has ended the session. */
  lost(): void
}

/** An operator in the memory of the test: takes sessions while it is up, and hands each submit to the test. */
export class InMemoryOperator {
  readonly #sessions = new Set<InMemorySession>()
  readonly #submitted: (submit: InMemorySubmit) => void
  #isUp = true
  #waiting: (() => void)[] = []

  /** Without `submitted` it takes every submit, and numbers them from 1. */
  constructor(submitted?: (submit: InMemorySubmit) => void) {
    let taken = 0
    this.#submitted = submitted ?? (({ answer }) => answer({ kind: 'taken', id: `${++taken}` }))
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** Null while it is down. */
  open(session: InMemorySession): { submit(submit: InMemorySubmit): void; close(): void } | null {
    if (!this.#isUp) return null
    this.#sessions.add(session)
    this.#changed()
    return { submit: (submit) => this.#submitted(submit), close: () => this.#end(session) }
  }

  up(): void {
    this.#isUp = true
  }

  down(): void {
    this.#isUp = false
    this.drop()
  }

  /** Ends all sessions; new ones are taken. */
  drop(): void {
    for (const session of this.#sessions) {
      this.#end(session)
      session.lost()
    }
  }

  /** By any session, as an SMSC does. Resolves to whether the gateway has acknowledged it. */
  async push(receipt: InMemoryReceipt): Promise<boolean> {
    const [session] = this.#sessions
    return session ? session.receive(receipt) : false
  }

  async untilSessions(count: number): Promise<void> {
    while (this.#sessions.size !== count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #end(session: InMemorySession): void {
    this.#sessions.delete(session)
    this.#changed()
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
