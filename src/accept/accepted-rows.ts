import { type IdempotencyClaim, rememberedDays } from '../domain/accept.ts'
import { outboxShard } from '../domain/outbox-shard.ts'
import { booleanArray, numberArray, textArray } from '../postgres/array-literal.ts'
import type { AcceptedMessage, PendingRequest, StoredAnswer } from './accepted-message.ts'

/** How often a temporary error may repeat before a message fails. */
const MAX_RETRIES = 3

interface Row {
  readonly message: AcceptedMessage
  readonly request: PendingRequest
  readonly key: string | null
}

/** What a batch writes, column by column, as the statement in `accept-statements.ts` takes it. */
export class AcceptedRows {
  /** Answers of requests that were answered before, and of which more was accepted now. */
  readonly replaced: StoredAnswer[] = []
  readonly #nowMs: number
  readonly #messages: Row[] = []
  readonly #answers: StoredAnswer[] = []
  readonly #spent = new Map<string, number>()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  get count(): number {
    return this.#messages.length
  }

  /** `claim` is the message's own. */
  addMessage(request: PendingRequest, message: AcceptedMessage, claim: IdempotencyClaim | null): void {
    const { customerId } = request
    this.#messages.push({ message, request, key: claim?.key ?? request.claim?.key ?? null })
    this.#spent.set(customerId, (this.#spent.get(customerId) ?? 0) + message.cost)
    if (claim) this.#answers.push({ customerId, ...claim, smsIds: [message.smsId] })
  }

  /** What is stored under the request's own key. */
  addAnswer({ customerId, claim }: PendingRequest, smsIds: StoredAnswer['smsIds'], isRepeated: boolean): void {
    const answers = isRepeated ? this.replaced : this.#answers
    answers.push({ customerId, ...claim!, smsIds })
  }

  parameters(): unknown[] {
    const rows = this.#messages
    const answers = this.#answers
    const texts = (pick: (row: Row) => string | null): string => textArray(rows.map(pick))
    const numbers = (pick: (row: Row) => number | null): string => numberArray(rows.map(pick))
    return [
      MAX_RETRIES,
      this.#nowMs,
      numbers(({ message }) => message.smsId),
      texts(({ request }) => request.customerId),
      texts(({ message }) => message.phone),
      texts(({ message }) => message.text),
      texts(({ message }) => message.sender),
      texts(({ message }) => message.encoding),
      numbers(({ message }) => message.segments),
      texts(({ message }) => message.operator),
      numbers(({ message }) => message.cost),
      numbers(({ message }) => message.priority),
      numbers(({ message }) => message.validUntilMs),
      texts(({ message }) => message.clientRef),
      texts(({ message }) => message.metadata && JSON.stringify(message.metadata)),
      texts(({ key }) => key),
      texts(({ request }) => request.origin.ip),
      texts(({ request }) => request.origin.userAgent),
      texts(({ request }) => request.origin.traceparent),
      texts(({ message }) => message.route),
      texts(({ message }) => message.mccMnc),
      booleanArray(rows.map(({ message }) => message.flash)),
      numbers(({ message }) => message.sendAtMs),
      numbers(({ request }) => outboxShard(request.customerId)),
      textArray(answers.map(({ customerId }) => customerId)),
      textArray(answers.map(({ key }) => key)),
      textArray(answers.map(({ requestHash }) => `\\x${requestHash.toString('hex')}`)),
      booleanArray(answers.map((answer) => answer.rememberedDays > rememberedDays(false))),
      textArray(answers.map(({ smsIds }) => numberArray(smsIds))),
      textArray([...this.#spent.keys()]),
      numberArray([...this.#spent.values()]),
      booleanArray(rows.map(({ message }) => message.textChanged)),
    ]
  }
}
