/** `ignored`: of a state that is not final. `unreadable`: without an id, or of a state that the description lacks. */
export type HttpDelivery = 'receipt' | 'ignored' | 'unreadable'

/** Is notified of what may be logged or counted. Calls return at once and never throw. */
export interface HttpObserver {
  /** Callbacks and polled answers said so much of messages. */
  delivered(kind: HttpDelivery, count: number): void
  /** Something that a person should know of, in few words; the same once a minute at most. */
  troubled(what: string): void
  /** The operator is to push receipts, and this process has no port for them. */
  notListening(): void
}
