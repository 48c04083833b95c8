import type { AcceptRequest, IdempotencyClaim, MessageDraft } from '../domain/accept.ts'

/** Where a request came from, as its messages remember it. */
export interface RequestOrigin {
  readonly ip: string | null
  readonly userAgent: string | null
  readonly traceparent: string | null
}

/** A buffered request. */
export interface PendingRequest extends AcceptRequest {
  readonly origin: RequestOrigin
}

export interface AcceptedMessage extends MessageDraft {
  readonly smsId: number
  readonly acceptedAtMs: number
}

/** What is stored under a key: of each message of its request, in their order, the id; null if it was not accepted. */
export interface StoredAnswer extends IdempotencyClaim {
  readonly customerId: string
  readonly smsIds: readonly (number | null)[]
}
