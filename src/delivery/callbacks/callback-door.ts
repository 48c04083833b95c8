/** The head of a callback, which is there before its body. Names of headers are in lower case. */
export interface CallbackHead {
  readonly address: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly query: Readonly<Record<string, unknown>>
}

/** A request by which an operator pushes receipts. */
export interface Callback extends CallbackHead {
  readonly body: Buffer
}

/** The answer to a callback, as an HTTP status. */
export type CallbackAnswer = 200 | 403 | 404 | 413 | 503

/** Where an operator's connector takes callbacks. */
export interface CallbackDoor {
  /** Judges a callback before its body is read: null if it may be this operator's. */
  admit(head: CallbackHead): 403 | 404 | null
  /** Takes a callback that was admitted. After 200 its receipts are stored; after 503 the operator is to call again. */
  receive(callback: Callback): Promise<CallbackAnswer>
}
