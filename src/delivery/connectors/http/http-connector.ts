import type { Callback, CallbackAnswer, CallbackDoor, CallbackHead } from '../../callbacks/callback-door.ts'
import { refusedAs } from '../clean-answer.ts'
import type { Connector, ConnectorEvents, OutgoingMessage, SubmitResult } from '../connector.ts'
import { type CallbackGuard, type CallbackRefusal, guardCallbacks } from './admit-callback.ts'
import { composeRequest, valuesOf } from './compose-request.ts'
import type { TemplateValues } from './fill-template.ts'
import { HttpExchange } from './http-exchange.ts'
import type { HttpDescription } from './http-settings.ts'
import type { HttpObserver } from './observe-http.ts'
import { ReceiptPoller } from './poll-receipts.ts'
import { readAnswer } from './read-answer.ts'
import { parseCallbackBody } from './read-callback.ts'
import { type ReceiptsRead, readReceipts } from './read-receipts.ts'

export interface HttpConnectorOptions {
  readonly operator: string
  readonly description: HttpDescription
  readonly secrets: ReadonlyMap<string, string>
  readonly responseTimeoutMs: number
  /** Requests in flight at once, and so connections. */
  readonly window: number
}

const TROUBLE_MS = 60_000

/** Receipts in one callback; an operator that has more is to call more often. */
const RECEIPTS_OF_CALLBACK_MAX = 5_000

/**
 * Submits to an operator over HTTP, as its description says. A message is one request, however long it is. There is no
 * session that could be ready: the circuit breaker is what notices that the operator is unavailable.
 */
export class HttpConnector implements Connector, CallbackDoor {
  readonly #options: HttpConnectorOptions
  readonly #events: ConnectorEvents
  readonly #observer: HttpObserver
  readonly #exchange: HttpExchange
  readonly #fixed: TemplateValues
  readonly #poller: ReceiptPoller | null
  readonly #guard: CallbackGuard | null
  /** When each trouble was reported last. */
  readonly #reportedAtMs = new Map<string, number>()
  readonly #inFlight = new Set<Promise<unknown>>()
  #isReady = false

  constructor(options: HttpConnectorOptions, events: ConnectorEvents, observer: HttpObserver) {
    const { description, secrets, responseTimeoutMs, window, operator } = options
    const { push, poll } = description.receipts ?? {}
    this.#options = options
    this.#events = events
    this.#observer = observer
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

  get callbackDoor(): CallbackDoor {
    return this
  }

  start(): void {
    this.#isReady = true
    this.#poller?.start()
    this.#events.readyChanged(true)
  }

  async stop(): Promise<void> {
    this.#isReady = false
    await Promise.all([this.#poller?.stop(), ...this.#inFlight])
    await this.#exchange.close()
  }

  partsOf(): number {
    return 1
  }

  submit(message: OutgoingMessage): Promise<SubmitResult> {
    if (!this.#isReady) return Promise.resolve({ kind: 'unsent', code: 'stopped' })
    const submitting = this.#submit(message).finally(() => this.#inFlight.delete(submitting))
    this.#inFlight.add(submitting)
    return submitting
  }

  admit(head: CallbackHead): 403 | 404 | null {
    if (!this.#guard) return 404
    return this.#refused(this.#guard.judgeHead(head)) ? 403 : null
  }

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
    this.#observer.delivered('receipt', receipts.length)
    this.#observer.delivered('unreadable', odd.length)
    this.#observer.delivered('ignored', ignored)
    for (const each of odd) this.#events.oddReceipt(each)
    return Promise.allSettled(receipts.map((receipt) => this.#events.receipt(receipt)))
  }

  #refused(refusal: CallbackRefusal | null): boolean {
    if (refusal) this.#troubled(`a callback was refused for its ${refusal}`)
    return refusal !== null
  }

  #troubled(what: string): void {
    const nowMs = Date.now()
    if (nowMs - (this.#reportedAtMs.get(what) ?? 0) < TROUBLE_MS) return
    this.#reportedAtMs.set(what, nowMs)
    this.#observer.troubled(what)
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
