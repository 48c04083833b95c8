/** A message as it is handed to an operator. */
export interface Submission {
  /** Message and attempt, for whoever wants to compare the two sides. */
  readonly ref: string
  readonly phone: string
  readonly sender: string | null
  readonly text: string
  readonly segments: number
}

/**
 * What came of handing over a message.
 * - `sent`: the operator took it and named it.
 * - `temporary`: refused; later it may be taken.
 * - `throttled`: refused for pace alone.
 * - `rejected`: refused for good.
 * - `ambiguous`: written, and the answer was lost: the operator may have it.
 * - `unsent`: nothing was written.
 */
export type SubmitResult =
  | { readonly kind: 'sent'; readonly operatorMessageId: string }
  | { readonly kind: 'temporary' | 'throttled' | 'rejected' | 'ambiguous' | 'unsent'; readonly code: string }

/** An operator's word on what became of a message it took. */
export interface Receipt {
  readonly operatorMessageId: string
  readonly status: 'delivered' | 'failed' | 'expired' | 'rejected'
  readonly errorCode: string | null
  readonly at: Date
}

export interface ConnectorEvents {
  /** The receipt is acknowledged to the operator when this resolves; if it rejects, the operator sends it again. */
  receipt(receipt: Receipt): Promise<void>
  /** Whether submits are taken has changed. */
  readyChanged(ready: boolean): void
}

/** A line to an operator, whatever it speaks. Connects by itself, and again when it breaks. */
export interface Connector {
  readonly isReady: boolean
  start(): void
  /** Resolves when the line is closed. Submits that still wait for their answer become `ambiguous`. */
  stop(): Promise<void>
  /** Never throws. Resolves within the response time-out. */
  submit(submission: Submission): Promise<SubmitResult>
}
