import { outboxShard } from '../../domain/outbox-shard.ts'
import { booleanArray, numberArray, textArray } from '../../postgres/array-literal.ts'
import type { AcceptedMessage, PendingRequest } from './accept-batch.ts'

/** How often a temporary error may repeat before a message fails. */
const MAX_RETRIES = 3

type Answer = { customerId: string; key: string; requestHash: Buffer; status: number; response: unknown }

/** What a batch writes, column by column, as the statement in `accept-statements.ts` takes it. */
export class AcceptedRows {
  readonly #nowMs: number
  readonly #messages: { message: AcceptedMessage; request: PendingRequest }[] = []
  readonly #answers: Answer[] = []
  readonly #spent = new Map<string, number>()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  get count(): number {
    return this.#messages.length
  }

  add(request: PendingRequest, messages: readonly AcceptedMessage[], status: number, response: unknown): void {
    const { customerId, idempotency } = request
    let amount = this.#spent.get(customerId) ?? 0
    for (const message of messages) {
      this.#messages.push({ message, request })
      amount += message.cost
    }
    this.#spent.set(customerId, amount)
    if (idempotency) this.#answers.push({ customerId, ...idempotency, status, response })
  }

  parameters(): unknown[] {
    const rows = this.#messages
    const answers = this.#answers
    const texts = (pick: (row: (typeof rows)[number]) => string | null): string => textArray(rows.map(pick))
    const numbers = (pick: (row: (typeof rows)[number]) => number | null): string => numberArray(rows.map(pick))
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
      texts(({ request }) => request.idempotency?.key ?? null),
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
      numberArray(answers.map(({ status }) => status)),
      textArray(answers.map(({ response }) => JSON.stringify(response))),
      textArray([...this.#spent.keys()]),
      numberArray([...this.#spent.values()]),
    ]
  }
}
