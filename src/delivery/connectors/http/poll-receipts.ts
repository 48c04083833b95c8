import { backoffMs } from '../../../runtime/backoff.ts'
import { RoundLoop } from '../../../runtime/round-loop.ts'
import { composeRequest } from './compose-request.ts'
import type { TemplateValues } from './fill-template.ts'
import type { HttpExchange } from './http-exchange.ts'
import type { HttpPollForm } from './http-settings.ts'
import { type ReceiptsRead, readReceipts } from './read-receipts.ts'

export interface ReceiptPollerParts {
  readonly form: HttpPollForm
  readonly exchange: Pick<HttpExchange, 'exchange'>
  readonly values: TemplateValues
  /** Takes what an answer says. Returns what came of each receipt, in their order. */
  readonly take: (read: ReceiptsRead) => Promise<PromiseSettledResult<void>[]>
  readonly troubled: (what: string) => void
}

const EVERY_MS = 10_000
const EVERY_MS_MAX = 300_000
const IDS_MAX = 100
const HOURS = 48
/** Messages polled for at once; beyond them the oldest are dropped, and end `unknown` when their time is up. */
const AWAITED_MAX = 100_000
const HOUR_MS = 3_600_000
/** Refusals of one id alone after which it is not asked for any more. */
const REFUSALS_MAX = 5
/** What an answer says is stored meanwhile; what takes longer is asked for again. */
const STORING_MS_MAX = 30_000

interface Awaited {
  readonly sinceMs: number
  refusals: number
}

/**
 * Polls an operator without callbacks for the receipts of messages, round-robin, oldest first. What is awaited is kept
 * in memory: after a restart earlier messages are not polled for. While it answers by errors it is polled more and more
 * rarely; a request that it refuses is divided, until the refused id is alone and is given up.
 */
export class ReceiptPoller {
  readonly #parts: ReceiptPollerParts
  readonly #everyMs: number
  /** The order is that in which they are asked for. */
  readonly #awaited = new Map<string, Awaited>()
  readonly #loop: RoundLoop
  #failures = 0

  constructor(parts: ReceiptPollerParts) {
    this.#parts = parts
    this.#everyMs = parts.form.every_ms ?? EVERY_MS
    this.#loop = new RoundLoop(async () => {
      const isAnswered = await this.#round().catch((error) => {
        parts.troubled((error as Error).message)
        return false
      })
      this.#failures = isAnswered ? 0 : this.#failures + 1
      const waitMsMax = Math.max(this.#everyMs, EVERY_MS_MAX)
      return isAnswered ? this.#everyMs : Math.max(this.#everyMs, backoffMs(this.#failures, this.#everyMs, waitMsMax))
    })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  await(id: string): void {
    this.#awaited.set(id, { sinceMs: Date.now(), refusals: 0 })
    if (this.#awaited.size > AWAITED_MAX) this.#awaited.delete(this.#awaited.keys().next().value!)
  }

  /** Asks for each once, as many as were there when it began. False: the operator does not answer. */
  async #round(): Promise<boolean> {
    this.#forgetOld(Date.now())
    const ids = [...this.#awaited.keys()]
    const idsMax = this.#parts.form.ids_max ?? IDS_MAX
    for (let first = 0; first < ids.length; first += idsMax) {
      if (this.#loop.isStopping) return true
      if (!(await this.#ask(ids.slice(first, first + idsMax)))) return false
    }
    return true
  }

  async #ask(ids: readonly string[]): Promise<boolean> {
    const { form, exchange, values, troubled } = this.#parts
    const filled = new Map([...values, ['ids', ids.join(',')] as const])
    const answer = await exchange.exchange(composeRequest(form.request, filled))
    if (!('kind' in answer) && answer.status < 300 && answer.json !== null) {
      await this.#take(readReceipts(answer.json, form, Date.now()))
      return true
    }
    troubled('kind' in answer ? answer.code : `http-${answer.status}`)
    if ('kind' in answer || !isRefusalOfIds(answer.status)) return false
    if (ids.length === 1) {
      this.#refuse(ids[0]!)
      return true
    }
    const half = ids.length >> 1
    for (const some of [ids.slice(0, half), ids.slice(half)]) {
      if (this.#loop.isStopping || !(await this.#ask(some))) return false
    }
    return true
  }

  /** One that cannot be stored is asked for again. */
  async #take(read: ReceiptsRead): Promise<void> {
    const taking = this.#parts.take(read).then((results) => {
      for (const [index, { status }] of results.entries()) {
        if (status === 'fulfilled') this.#awaited.delete(read.receipts[index]!.operatorMessageId)
      }
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STORING_MS_MAX)
    })
    try {
      await Promise.race([taking, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #refuse(id: string): void {
    const awaited = this.#awaited.get(id)
    if (awaited && ++awaited.refusals >= REFUSALS_MAX) this.#awaited.delete(id)
  }

  #forgetOld(nowMs: number): void {
    const oldestMs = nowMs - (this.#parts.form.hours ?? HOURS) * HOUR_MS
    for (const [id, { sinceMs }] of this.#awaited) {
      if (sinceMs >= oldestMs) return
      this.#awaited.delete(id)
    }
  }
}

/** What a server answers to a request that it takes for wrong, rather than to one that it does not want now. */
function isRefusalOfIds(status: number): boolean {
  return [400, 404, 410, 413, 414, 422].includes(status)
}
