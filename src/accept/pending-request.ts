import type { AcceptRequest, IdempotencyClaim, RequestOrigin } from '../domain/accept.ts'

/** A buffered request. */
export interface PendingRequest extends AcceptRequest {
  readonly origin: RequestOrigin
}

/** What is stored under a key: of each message of its request, in their order, the id; null if it was not accepted. */
export interface StoredAnswer extends IdempotencyClaim {
  readonly customerId: string
  readonly smsIds: readonly (number | null)[]
}
