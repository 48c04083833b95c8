import { refusedAs, takenAs } from '../../../src/delivery/connectors/clean-answer.ts'
import type {
  Connector,
  ConnectorEvents,
  OutgoingMessage,
  SubmitResult,
} from '../../../src/delivery/connectors/connector.ts'
import { comparableDigits } from '../../../src/domain/same-number.ts'
import { cleanId } from '../../../src/domain/text/clean-text.ts'
import type { InMemoryAnswer, InMemoryOperator, InMemoryReceipt, InMemorySession } from './in-memory-operator.ts'

export interface InMemoryOptions {
  readonly operator: InMemoryOperator
  readonly window: number
  readonly responseTimeoutMs: number
}

interface Pending {
  readonly message: OutgoingMessage
  readonly part: number
  settle(result: SubmitResult): void
}

const RECONNECT_MS = 10
const PART_CHARS = 153

/** Reaches an operator in the same process: the least that a connector can be. */
export class InMemoryConnector implements Connector, InMemorySession {
  readonly callbackDoor = null
  readonly #options: InMemoryOptions
  readonly #events: ConnectorEvents
  readonly #waiting = new Set<Pending>()
  readonly #written = new Set<Pending>()
  #session: ReturnType<InMemoryOperator['open']> = null
  #reconnect: NodeJS.Timeout | null = null
  #isStopping = false
  #drained = (): void => {}

  constructor(options: InMemoryOptions, events: ConnectorEvents) {
    this.#options = options
    this.#events = events
  }

  get isReady(): boolean {
    return this.#session !== null && !this.#isStopping
  }

  start(): void {
    this.#session = this.#options.operator.open(this)
    if (this.#session) this.#events.readyChanged(true)
    else this.#reconnect = setTimeout(() => this.start(), RECONNECT_MS)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#reconnect) clearTimeout(this.#reconnect)
    for (const { settle } of this.#waiting) settle(refusedAs('unsent', 'stopping'))
    if (this.#written.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve))
    this.#session?.close()
    this.#session = null
  }

  partsOf({ text }: OutgoingMessage): number {
    return Math.max(1, Math.ceil(text.length / PART_CHARS))
  }

  submit(message: OutgoingMessage, part: number): Promise<SubmitResult> {
    if (!this.isReady) return Promise.resolve(refusedAs('unsent', 'not-connected'))
    return new Promise((resolve) => {
      const pending: Pending = {
        message,
        part,
        settle: (result) => {
          clearTimeout(deadline)
          if (this.#waiting.delete(pending) || this.#written.delete(pending)) resolve(result)
          this.#pump()
        },
      }
      const expire = (): void => {
        const wasWritten = this.#written.has(pending)
        pending.settle(wasWritten ? refusedAs('ambiguous', 'no-answer') : refusedAs('unsent', 'no-room'))
      }
      const deadline = setTimeout(expire, this.#options.responseTimeoutMs)
      this.#waiting.add(pending)
      this.#pump()
    })
  }

  async receive({ id, status, phone }: InMemoryReceipt): Promise<boolean> {
    const operatorMessageId = cleanId(id ?? '')
    const words = `${operatorMessageId} ${status}`
    if (operatorMessageId === null) {
      this.#events.oddReceipt({ operatorMessageId, words })
      return true
    }
    const recipients = [comparableDigits(phone)].filter((digits) => digits !== null)
    const receipt = { operatorMessageId, otherIds: [], recipients, status, errorCode: null, at: new Date(), words }
    return this.#events.receipt(receipt).then(
      () => true,
      () => false,
    )
  }

  lost(): void {
    this.#session = null
    for (const { settle } of this.#waiting) settle(refusedAs('unsent', 'connection-lost'))
    for (const { settle } of this.#written) settle(refusedAs('ambiguous', 'connection-lost'))
    this.#events.readyChanged(false)
    if (!this.#isStopping) this.#reconnect = setTimeout(() => this.start(), RECONNECT_MS)
  }

  #pump(): void {
    for (const pending of this.#waiting) {
      if (!this.#session || this.#written.size >= this.#options.window) break
      const { message, part, settle } = pending
      this.#waiting.delete(pending)
      this.#written.add(pending)
      this.#session.submit({ message, part, answer: (answer) => settle(resultOf(answer)) })
    }
    if (this.#written.size === 0) this.#drained()
  }
}

function resultOf(answer: InMemoryAnswer): SubmitResult {
  return answer.kind === 'taken'
    ? takenAs(answer.id, 'answer-without-id', 'an answer without an id')
    : refusedAs(answer.kind, answer.kind)
}
