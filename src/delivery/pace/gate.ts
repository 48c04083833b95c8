/** Leave to submit the parts of one message, each at its time. */
export interface Permit {
  /** When the last part is due, by our clock; 0: all at once. */
  readonly untilMs: number
  /** Resolves when the next part may be written. False: its time went by, and there is no other soon; nothing may be written. */
  due(): Promise<boolean>
}

/** Says when an operator may be given messages, beyond its window. */
export interface Gate {
  /**
   * Leave for a message of `cost` parts, or null: then `reopened` is called when a retry makes sense. `waitingParts`
   * counts all pending parts, this message included.
   */
  take(cost: number, waitingParts: number): Permit | null
  /** The operator refused for pace. */
  throttled(): void
  stop(): void
}

/** Called when a gate that said no may say yes. */
export type Reopened = () => void
