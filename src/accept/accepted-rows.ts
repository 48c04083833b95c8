import type { AcceptedMessage, IdempotencyClaim, MessageToStore } from '../domain/accept.ts'
import type { PendingRequest, StoredAnswer } from './pending-request.ts'

/** What a batch writes. */
export class AcceptedRows {
  readonly nowMs: number
  readonly messages: MessageToStore[] = []
  /** What is stored under keys that were not used before. */
  readonly answers: StoredAnswer[] = []
  /** Answers of requests that were answered before, and of which more was accepted now. */
  readonly replaced: StoredAnswer[] = []
  /** By customer. */
  readonly spent = new Map<string, number>()
  readonly #maxRetries: number

  constructor(nowMs: number, maxRetries: number) {
    this.nowMs = nowMs
    this.#maxRetries = maxRetries
  }

  /** `claim` is the message's own. */
  addMessage(request: PendingRequest, message: AcceptedMessage, claim: IdempotencyClaim | null): void {
    const { customerId } = request
    const key = claim?.key ?? request.claim?.key ?? null
    this.messages.push({ message, request, key, maxRetries: this.#maxRetries })
    this.spent.set(customerId, (this.spent.get(customerId) ?? 0) + message.cost)
    if (claim) this.answers.push({ customerId, ...claim, smsIds: [message.smsId] })
  }

  /** What is stored under the request's own key. */
  addAnswer({ customerId, claim }: PendingRequest, smsIds: StoredAnswer['smsIds'], isRepeated: boolean): void {
    const answers = isRepeated ? this.replaced : this.answers
    answers.push({ customerId, ...claim!, smsIds })
  }
}
