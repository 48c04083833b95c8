/**
 * What can go wrong with a request, and what the caller is to do: `now` fix nothing and try again at once, `later`
 * try again after a while, `never` the same request will not succeed.
 * `docs/errors.md` describes each; a test compares the two.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, retry: 'never', title: 'The request is not of the described form' },
  'invalid-phone': { status: 400, retry: 'never', title: 'The phone number is not an international number' },
  'invalid-text': { status: 400, retry: 'never', title: 'The text is empty or too long, or does not fit its encoding' },
  'invalid-time': { status: 400, retry: 'never', title: 'The time does not fit' },
  unauthorized: { status: 401, retry: 'never', title: 'The API key is missing or not valid' },
  forbidden: { status: 403, retry: 'never', title: 'Insufficient permissions' },
  'insufficient-balance': { status: 402, retry: 'later', title: 'The balance does not cover the message' },
  'not-found': { status: 404, retry: 'never', title: 'There is no such thing' },
  'method-not-allowed': { status: 405, retry: 'never', title: 'This path does not take that method' },
  'idempotency-in-flight': { status: 409, retry: 'now', title: 'A request with this key is being handled' },
  conflict: { status: 409, retry: 'never', title: 'It is not in a state for that' },
  'payload-too-large': { status: 413, retry: 'never', title: 'The request is too large' },
  'unsupported-media-type': { status: 415, retry: 'never', title: 'The body is not JSON' },
  'idempotency-mismatch': { status: 422, retry: 'never', title: 'The key was used for another request' },
  'invalid-sender': { status: 422, retry: 'never', title: 'The sender may not be used for this number' },
  'no-route': { status: 422, retry: 'never', title: 'No operator serves this number' },
  'too-many-requests': { status: 429, retry: 'later', title: 'Too many requests' },
  internal: { status: 500, retry: 'later', title: 'Something went wrong here' },
  unavailable: { status: 503, retry: 'later', title: 'The gateway cannot take messages now' },
} as const satisfies Record<string, { status: number; retry: 'now' | 'later' | 'never'; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** Where in a request something is wrong: a JSON pointer into the body. */
export interface ProblemPointer {
  readonly pointer: string
  readonly detail: string
}

/** A request that cannot be served, as its caller is told. `detail` says what is wrong with this one. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly pointers: readonly ProblemPointer[]
  /** When trying again is worth it, if it ever is. */
  readonly retryAfterSeconds: number

  constructor(code: ProblemCode, detail: string, pointers: readonly ProblemPointer[] = [], retryAfterSeconds = 1) {
    // Thrown by design, by the thousand: where from is of no interest, and finding it out costs more than all the rest.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(detail)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.pointers = pointers
    this.retryAfterSeconds = retryAfterSeconds
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }
}
