import type { HttpPollForm } from '../../../operators/http-settings.ts'
import type { Receipt } from '../connector.ts'
import { composeRequest } from './compose-request.ts'
import type { TemplateValues } from './fill-template.ts'
import type { HttpExchange } from './http-exchange.ts'
import { readReceipts } from './read-receipts.ts'

const EVERY_MS = 10_000
const IDS_MAX = 100
const HOURS = 48
/** Messages asked for at once; beyond them the oldest are let go, and end `unknown` when their time is over. */
const AWAITED_MAX = 100_000
const HOUR_MS = 3_600_000

/**
 * Asks an operator that does not call for what became of messages, in turn, oldest first. What is awaited is kept in
 * memory: after a restart the messages before it are not asked for any more.
 */
export class ReceiptPoller {
  readonly #form: HttpPollForm
  readonly #exchange: HttpExchange
  readonly #values: TemplateValues
  readonly #receipt: (receipt: Receipt) => Promise<void>
  readonly #troubled: (what: string) => void
  /** When each was submitted; the order is that in which they are asked for. */
  readonly #awaited = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  #asking: Promise<void> | null = null
  #isStopping = false

  constructor(
    form: HttpPollForm,
    exchange: HttpExchange,
    values: TemplateValues,
    receipt: (receipt: Receipt) => Promise<void>,
    troubled: (what: string) => void,
  ) {
    this.#form = form
    this.#exchange = exchange
    this.#values = values
    this.#receipt = receipt
    this.#troubled = troubled
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#asking ??= this.#round()
        .catch((error) => this.#troubled((error as Error).message))
        .finally(() => {
          this.#asking = null
        })
    }, this.#form.every_ms ?? EVERY_MS)
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#isStopping = true
    await this.#asking
  }

  await(id: string): void {
    this.#awaited.set(id, Date.now())
    if (this.#awaited.size > AWAITED_MAX) this.#awaited.delete(this.#awaited.keys().next().value!)
  }

  /** Asks for each once, as many as were there when it began. */
  async #round(): Promise<void> {
    this.#forgetOld(Date.now())
    const ids = [...this.#awaited.keys()]
    const idsMax = this.#form.ids_max ?? IDS_MAX
    for (let first = 0; first < ids.length && !this.#isStopping; first += idsMax) {
      if (!(await this.#ask(ids.slice(first, first + idsMax)))) return
    }
  }

  async #ask(ids: readonly string[]): Promise<boolean> {
    const values = new Map([...this.#values, ['ids', ids.join(',')] as const])
    const answer = await this.#exchange.exchange(composeRequest(this.#form.request, values))
    if ('kind' in answer || answer.status >= 300 || answer.json === null) {
      this.#troubled('kind' in answer ? answer.code : `http-${answer.status}`)
      return false
    }
    for (const receipt of readReceipts(answer.json, this.#form, Date.now())) {
      // One that cannot be stored is asked for again.
      await this.#receipt(receipt).then(
        () => this.#awaited.delete(receipt.operatorMessageId),
        () => {},
      )
    }
    return true
  }

  #forgetOld(nowMs: number): void {
    const oldestMs = nowMs - (this.#form.hours ?? HOURS) * HOUR_MS
    for (const [id, sinceMs] of this.#awaited) {
      if (sinceMs >= oldestMs) return
      this.#awaited.delete(id)
    }
  }
}
