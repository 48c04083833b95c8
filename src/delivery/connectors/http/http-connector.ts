import type { HttpDescription } from '../../../operators/http-settings.ts'
import { refusedAs } from '../clean-answer.ts'
import type { Connector, ConnectorEvents, OutgoingMessage, SubmitResult } from '../connector.ts'
import {
  type Callback,
  type CallbackGuard,
  type CallbackHead,
  type CallbackRefusal,
  guardCallbacks,
} from './admit-callback.ts'
import { composeRequest, valuesOf } from './compose-request.ts'
import type { TemplateValues } from './fill-template.ts'
import { HttpExchange } from './http-exchange.ts'
import { ReceiptPoller } from './poll-receipts.ts'
import { readAnswer } from './read-answer.ts'
import { parseCallbackBody } from './read-callback.ts'
import { type ReceiptsRead, readReceipts } from './read-receipts.ts'

export interface HttpConnectorOptions {
  readonly operator: string
  readonly description: HttpDescription
  readonly secrets: ReadonlyMap<string, string>
  readonly responseTimeoutMs: number
  /** Requests under way at once, and so connections. */
  readonly window: number
  /** Something that a person should know of, in few words; the same once a minute at most. */
  readonly troubled: (what: string) => void
  /** Counts what callbacks and polled answers say of messages. */
  readonly delivered: (kind: HttpDelivery, count: number) => void
}

/** `ignored`: of a state that is not the last word. `unreadable`: without an id or a state that the description has. */
export type HttpDelivery = 'receipt' | 'ignored' | 'unreadable'

const TROUBLE_MS = 60_000

/** What is answered to a callback, as an HTTP status. */
export type CallbackAnswer = 200 | 403 | 404 | 413 | 503

/** Receipts in one callback; an operator that has more is to call more often. */
const RECEIPTS_OF_CALLBACK_MAX = 5_000

/**
 * The line to an operator that speaks HTTP, as its description says. A message is one request, however long it is. There
 * is no connection to be ready: the breaker is what notices that the operator is away.
 */
export class HttpConnector implements Connector {
  readonly #options: HttpConnectorOptions
  readonly #events: ConnectorEvents
  readonly #exchange: HttpExchange
  readonly #fixed: TemplateValues
  readonly #poller: ReceiptPoller | null
  readonly #guard: CallbackGuard | null
  /** When each trouble was told last. */
  readonly #toldAtMs = new Map<string, number>()
  readonly #underWay = new Set<Promise<unknown>>()
  #isReady = false

  constructor(options: HttpConnectorOptions, events: ConnectorEvents) {
    const { description, secrets, responseTimeoutMs, window, operator } = options
    const { push, poll } = description.receipts ?? {}
    this.#options = options
    this.#events = events
    this.#exchange = new HttpExchange({ timeoutMs: responseTimeoutMs, connectionsMax: window })
    this.#fixed = new Map<string, string | null>([
      ...[...secrets].map(([name, value]) => [`secret.${name}`, value] as const),
      ['receipt_url', push?.public_url ? `${push.public_url.replace(/\/$/, '')}/receipts/${operator}` : null],
    ])
    this.#poller = poll
      ? new ReceiptPoller({
          form: poll,
          exchange: this.#exchange,
          values: this.#fixed,
          take: (read) => this.#take(read),
          troubled: (what) => this.#troubled(what),
        })
      : null
    this.#guard = push ? guardCallbacks(push, secrets) : null
  }

  get isReady(): boolean {
    return this.#isReady
  }

  start(): void {
    this.#isReady = true
    this.#poller?.start()
    this.#events.readyChanged(true)
  }

  async stop(): Promise<void> {
    this.#isReady = false
    await Promise.all([this.#poller?.stop(), ...this.#underWay])
    await this.#exchange.close()
  }

  partsOf(): number {
    return 1
  }

  submit(message: OutgoingMessage): Promise<SubmitResult> {
    if (!this.#isReady) return Promise.resolve({ kind: 'unsent', code: 'stopped' })
    const submitting = this.#submit(message).finally(() => this.#underWay.delete(submitting))
    this.#underWay.add(submitting)
    return submitting
  }

  /** Judges a request with receipts before its body is read: null if it is this operator's. */
  admit(head: CallbackHead): 403 | 404 | null {
    if (!this.#guard) return 404
    return this.#refused(this.#guard.judgeHead(head)) ? 403 : null
  }

  /**
   * Takes a request that was admitted. Its receipts are stored when 200 is returned, and what is not understood of it is
   * kept for review; after 503 the operator is to call again.
   */
  async receive(callback: Callback): Promise<CallbackAnswer> {
    const push = this.#options.description.receipts?.push
    if (!push || !this.#guard) return 404
    if (this.#refused(this.#guard.judgeBody(callback))) return 403
    const body = parseCallbackBody({ ...callback, query: this.#guard.withoutToken(callback.query) })
    const read = readReceipts(body, push, Date.now())
    if (read.receipts.length + read.odd.length > RECEIPTS_OF_CALLBACK_MAX) return 413
    const results = await this.#take(read)
    return results.every(({ status }) => status === 'fulfilled') ? 200 : 503
  }

  /** What came of each receipt, in their order. */
  #take({ receipts, odd, ignored }: ReceiptsRead): Promise<PromiseSettledResult<void>[]> {
    const { delivered } = this.#options
    delivered('receipt', receipts.length)
    delivered('unreadable', odd.length)
    delivered('ignored', ignored)
    for (const each of odd) this.#events.oddReceipt(each)
    return Promise.allSettled(receipts.map((receipt) => this.#events.receipt(receipt)))
  }

  #refused(refusal: CallbackRefusal | null): boolean {
    if (refusal) this.#troubled(`a callback was refused for its ${refusal}`)
    return refusal !== null
  }

  #troubled(what: string): void {
    const nowMs = Date.now()
    if (nowMs - (this.#toldAtMs.get(what) ?? 0) < TROUBLE_MS) return
    this.#toldAtMs.set(what, nowMs)
    this.#options.troubled(what)
  }

  async #submit(message: OutgoingMessage): Promise<SubmitResult> {
    const { request, answer, errors = {} } = this.#options.description
    try {
      const composed = composeRequest(request, valuesOf(message, this.#fixed))
      const heard = await this.#exchange.exchange(composed)
      const result = 'kind' in heard ? refusedAs(heard.kind, heard.code) : readAnswer(heard, answer, errors)
      if (result.kind === 'sent') this.#poller?.await(result.operatorMessageId)
      return result
    } catch (error) {
      // The description does not fit the message: nothing was written, and nothing will be until it is mended.
      this.#troubled((error as Error).message)
      return refusedAs('temporary', 'description')
    }
  }
}
