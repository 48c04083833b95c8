import { Agent } from 'undici'
import { guardedLookup } from './address-guard.ts'
import type { DatabaseClock } from './database-clock.ts'
import { Exchange, type ExchangeEvents, type ExchangeHead } from './exchange.ts'
import type { SlotOwner } from './post-slots.ts'
import { type Addressee, type PostTarget, postTarget } from './post-target.ts'
import { retryAfterMs } from './retry-schedule.ts'
import { sign } from './sign.ts'

/**
 * What came of a post.
 * - `delivered`: any 2xx.
 * - `gone`: 410; the endpoint wants no more.
 * - `failed`: anything else, redirects included, with the wait that was asked for, if any.
 */
export type PostResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMs: number | null }

export type PostEvents = Pick<ExchangeEvents, 'slow' | 'ended'>

export interface PostOptions {
  /** From the beginning of a post to the status line of its response. */
  readonly timeoutMs: number
  readonly allowPrivate: boolean
  readonly clock: DatabaseClock
}

const CONNECT_MS_MAX = 5_000
const IDLE_MS = 30_000
/** All of a response's header lines together. */
const HEADER_BYTES_MAX = 16_384

/**
 * Posts events to endpoints. It opens as many connections as there are posts in flight: their number is the caller's to
 * bound, so that no post waits here behind another's receiver.
 */
export class EventPoster {
  readonly #options: PostOptions
  readonly #agent: Agent
  readonly #targets = new WeakMap<Addressee, PostTarget>()

  constructor(options: PostOptions) {
    const { timeoutMs, allowPrivate } = options
    this.#options = options
    this.#agent = new Agent({
      // One exchange a connection: what a receiver does with one post cannot touch another. The deadline is ours.
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      connect: {
        timeout: Math.min(timeoutMs, CONNECT_MS_MAX),
        ...(allowPrivate ? {} : { lookup: guardedLookup() }),
      },
    })
  }

  /**
   * Never throws. Resolves when the status line has come or the deadline has passed. `slow` is called if that takes
   * more than a second, and `ended` when the connection is free again, which may be after it has resolved. The event's
   * id is the same at each attempt, so that the receiver can recognise a repetition.
   */
  post(endpoint: Addressee, eventId: string, body: string, events: PostEvents): Promise<PostResult> {
    return new Promise((resolve) => {
      const { timeoutMs, clock } = this.#options
      let target: PostTarget
      try {
        target = this.#targetOf(endpoint)
      } catch (error) {
        resolve({ kind: 'failed', error: `refused: ${(error as Error).message}`, retryAfterMs: null })
        events.ended()
        return
      }
      const headed = (head: ExchangeHead): void => resolve(judge(head, clock.nowMs()))
      this.#dispatch(target, eventId, body, new Exchange(timeoutMs, { ...events, headed }))
    })
  }

  /** The endpoint, customer and server that a post counts for. */
  slotOwner(endpoint: Addressee): SlotOwner {
    const { endpoint_id: endpointId, customer_id: customerId } = endpoint
    try {
      return { endpointId, customerId, origin: this.#targetOf(endpoint).origin }
    } catch {
      // Its post is refused without a connection.
      return { endpointId, customerId, origin: '' }
    }
  }

  /** Breaks off what is still in flight. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #dispatch(target: PostTarget, eventId: string, body: string, exchange: Exchange): void {
    const { origin, path, authorization, key } = target
    const timestampSeconds = Math.floor(this.#options.clock.nowMs() / 1_000)
    const headers = [
      ...['content-type', 'application/json', 'user-agent', 'smsgw-webhooks/1', 'webhook-id', eventId],
      ...['webhook-timestamp', String(timestampSeconds)],
      ...['webhook-signature', sign(key, eventId, timestampSeconds, body)],
    ]
    if (authorization !== null) headers.push('authorization', authorization)
    this.#agent.dispatch({ origin, path, method: 'POST', headers, body }, exchange)
  }

  #targetOf(endpoint: Addressee): PostTarget {
    let target = this.#targets.get(endpoint)
    if (!target) {
      target = postTarget(endpoint, this.#options.allowPrivate)
      this.#targets.set(endpoint, target)
    }
    return target
  }
}

function judge(head: ExchangeHead, nowMs: number): PostResult {
  if (head.kind === 'broken') return { kind: 'failed', error: head.error, retryAfterMs: null }
  const { statusCode, headers } = head
  if (statusCode < 300) return { kind: 'delivered' }
  const error = `status ${statusCode}`
  if (statusCode === 410) return { kind: 'gone', error }
  return {
    kind: 'failed',
    error,
    retryAfterMs: retryAfterMs(single(headers['retry-after']), single(headers.date), nowMs),
  }
}

/** A header that came more than once has no meaning that could be relied on. */
function single(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
