interface ProblemKind {
  readonly status: number
  readonly retry: 'now' | 'later' | 'never'
  readonly title: string
  /** What the caller is to do, as `/errors/{code}` and `docs/errors.md` say it. */
  readonly remedy: string
}

/**
 * What can go wrong with a request, and what the caller is to do: `now` fix nothing and try again at once, `later`
 * try again after a while, `never` the same request will not succeed.
 * Everything that describes errors is made of this, or compared with it by a test.
 */
export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    retry: 'never',
    title: 'The request is not of the described form',
    remedy:
      'Correct what `errors` points at. Unknown fields are refused, so that a misspelt one is noticed. Bodies are JSON in UTF-8 without a name twice; names in `metadata` have 1 to 40 characters, none of them a control character. `from` is a name of up to 11 characters, a short code, or a number. An `Idempotency-Key` has 1 to 255 characters.',
  },
  'invalid-phone': {
    status: 400,
    retry: 'never',
    title: 'The phone number is not an international number',
    remedy:
      "Write the number with its country code, as in +989121234567. `detail` names the character that is wrong and its place, or how many digits the country's numbers have.",
  },
  'invalid-text': {
    status: 400,
    retry: 'never',
    title: 'The text is empty or too long, or does not fit its encoding',
    remedy:
      'Send some text, of at most `SEGMENTS_MAX` segments. Control characters (other than tab, line breaks and form feed) and halves of characters are refused, and what does not fit the `encoding` that you ask for; `errors` names the characters and their places (in UTF-16 units, from 0).',
  },
  'invalid-time': {
    status: 400,
    retry: 'never',
    title: 'Invalid send time',
    remedy: 'Give `send_at` as ISO 8601 with its offset, in the future and at most `SEND_AHEAD_DAYS_MAX` days ahead.',
  },
  unauthorized: {
    status: 401,
    retry: 'never',
    title: 'The API key is missing or not valid',
    remedy: 'Send `Authorization: Bearer KEY` with a key of `smsgw keys create` that was not revoked.',
  },
  'insufficient-balance': {
    status: 402,
    retry: 'later',
    title: 'The balance does not cover the message',
    remedy: 'Top up; nothing was charged.',
  },
  forbidden: {
    status: 403,
    retry: 'never',
    title: 'Insufficient permissions',
    remedy:
      'Use a key that is permitted to do this: `priority` 3 is a permission of the customer (`smsgw customers express`), and may be withheld from a key. A customer without an account can neither send nor read a balance.',
  },
  'not-found': {
    status: 404,
    retry: 'never',
    title: 'Resource not found',
    remedy: 'Check the path, and that the message is one of yours.',
  },
  'method-not-allowed': {
    status: 405,
    retry: 'never',
    title: 'Method not allowed',
    remedy: 'Use a method that the header `Allow` names.',
  },
  'request-timeout': {
    status: 408,
    retry: 'now',
    title: 'The request did not arrive in time',
    remedy: 'Send the headers within 10 seconds and the whole request within 30. The connection is closed.',
  },
  'idempotency-in-flight': {
    status: 409,
    retry: 'now',
    title: 'A request with this key is being handled',
    remedy:
      "The first request with this key is being handled; ask again for its answer. Of a batch: one of its messages' keys is.",
  },
  conflict: {
    status: 409,
    retry: 'never',
    title: "The message's state does not allow this",
    remedy:
      'Read its present state; `detail` says what to do instead. Cancelling: it is being sent, was sent, or is final.',
  },
  'payload-too-large': {
    status: 413,
    retry: 'never',
    title: 'The request is too large',
    remedy: 'Send fewer messages at once: a body has at most 64 KiB, that of a batch 1 MiB.',
  },
  'unsupported-media-type': {
    status: 415,
    retry: 'never',
    title: 'The body is not JSON',
    remedy: 'Send JSON in UTF-8 with `Content-Type: application/json` and without `Content-Encoding`.',
  },
  'expectation-failed': {
    status: 417,
    retry: 'never',
    title: 'The expectation is not supported',
    remedy: 'Send no `Expect` other than `100-continue`.',
  },
  'idempotency-mismatch': {
    status: 422,
    retry: 'never',
    title: 'The key was used for another request',
    remedy:
      'Use a new key for a new request. The bodies are compared as they were sent, whatever the order of their fields. Of a batch also: two of its messages have the same key, or one has a key beside that of the request.',
  },
  'invalid-sender': {
    status: 422,
    retry: 'never',
    title: 'The sender may not be used for this number',
    remedy: 'Use a sender that is permitted for this number, or leave `from` out; nothing was charged.',
  },
  'no-route': {
    status: 422,
    retry: 'never',
    title: 'No operator serves this number',
    remedy: 'No operator serves this number; nothing was charged.',
  },
  'too-many-requests': {
    status: 429,
    retry: 'later',
    title: 'Too many requests',
    remedy:
      "Wait as long as `Retry-After` says. `RateLimit` names the limit that was reached (`requests`, `messages` or `bytes` of your keys together) and what is left of it; `RateLimit-Policy` says how much each allows. Without a valid key the limit is your address's. Also if more of your own messages wait to be accepted than there is room for others: wait for answers before you post more.",
  },
  'headers-too-large': {
    status: 431,
    retry: 'never',
    title: 'The headers are too large',
    remedy: 'Send a shorter path and shorter headers: 16 KiB together.',
  },
  internal: {
    status: 500,
    retry: 'later',
    title: 'Internal error',
    remedy:
      'Try again with the same Idempotency-Key; if it stays, report the `request_id`, under which the gateway logged the cause.',
  },
  unavailable: {
    status: 503,
    retry: 'later',
    title: 'Service unavailable',
    remedy:
      'The gateway cannot store messages now, its disk is nearly full, or its outbox is full; try again with the same Idempotency-Key, after as long as `Retry-After` says.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof PROBLEMS

/** Where in a request something is wrong: a JSON pointer into the body. */
export interface ProblemPointer {
  readonly pointer: string
  readonly detail: string
}

/** A request that cannot be served, as its caller sees it. `detail` says what is wrong with this one. */
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
