import type { HttpDescription } from '../../../operators/http-settings.ts'
import { refusedAs } from '../clean-answer.ts'
import type { Connector, ConnectorEvents, OutgoingMessage, SubmitResult } from '../connector.ts'
import { type Callback, type CallbackGuard, guardCallbacks } from './admit-callback.ts'
import { composeRequest, valuesOf } from './compose-request.ts'
import type { TemplateValues } from './fill-template.ts'
import { HttpExchange } from './http-exchange.ts'
import { ReceiptPoller } from './poll-receipts.ts'
import { readAnswer } from './read-answer.ts'
import { parseCallbackBody } from './read-callback.ts'
import { readReceipts } from './read-receipts.ts'

export interface HttpConnectorOptions {
  readonly operator: string
  readonly description: HttpDescription
  readonly secrets: ReadonlyMap<string, string>
  readonly responseTimeoutMs: number
  /** Requests under way at once, and so connections. */
  readonly window: number
  /** Something that a person should know of, in few words; the same once a minute at most. */
  readonly troubled: (what: string) => void
}

const TROUBLE_MS = 60_000

/** What is answered to a callback, as an HTTP status. */
export type CallbackAnswer = 200 | 403 | 404 | 503

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
      ? new ReceiptPoller(
          poll,
          this.#exchange,
          this.#fixed,
          (receipt) => events.receipt(receipt),
          (what) => this.#troubled(what),
        )
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

  /** Takes a request with receipts. They are stored when 200 is returned; after 503 the operator is to call again. */
  async receive(callback: Callback): Promise<CallbackAnswer> {
    const push = this.#options.description.receipts?.push
    if (!push || !this.#guard) return 404
    const refusal = this.#guard(callback)
    if (refusal) {
      this.#troubled(`a callback was refused for its ${refusal}`)
      return 403
    }
    const receipts = readReceipts(parseCallbackBody(callback), push, Date.now())
    const results = await Promise.allSettled(receipts.map((receipt) => this.#events.receipt(receipt)))
    return results.every(({ status }) => status === 'fulfilled') ? 200 : 503
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
