import { Agent, request } from 'undici'
import { AddressRefusedError, guardedLookup, guardUrl } from './address-guard.ts'
import { retryAfterMs } from './attempt-plan.ts'
import { sign } from './sign.ts'

/**
 * What came of a post.
 * - `delivered`: any 2xx.
 * - `gone`: 410; the endpoint wants no more.
 * - `failed`: anything else, with the wait that was asked for, if any.
 */
export type PostResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMs: number | null }

export interface PostOptions {
  readonly timeoutMs: number
  readonly connectionsPerOriginMax: number
  readonly allowPrivate: boolean
}

/** Posts events to endpoints. Follows no redirect, and reads no more of an answer than its head. */
export class EventPoster {
  readonly #options: PostOptions
  readonly #agent: Agent

  constructor(options: PostOptions) {
    const { timeoutMs, connectionsPerOriginMax, allowPrivate } = options
    this.#options = options
    this.#agent = new Agent({
      connections: connectionsPerOriginMax,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      keepAliveTimeout: 30_000,
      connect: { timeout: Math.min(timeoutMs, 5_000), ...(allowPrivate ? {} : { lookup: guardedLookup }) },
    })
  }

  /** Never throws. The event's id is the same at each attempt, so that the receiver can tell a repetition. */
  async post(endpoint: { url: string; secret: string }, eventId: string, body: string): Promise<PostResult> {
    const nowMs = Date.now()
    const timestampSeconds = Math.floor(nowMs / 1_000)
    try {
      const url = new URL(endpoint.url)
      if (!this.#options.allowPrivate) guardUrl(url)
      const response = await request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'smsgw-webhooks/1',
          'webhook-id': eventId,
          'webhook-timestamp': String(timestampSeconds),
          'webhook-signature': sign(endpoint.secret, eventId, timestampSeconds, body),
        },
        body,
        dispatcher: this.#agent,
      })
      await response.body.dump({ limit: 65_536 }).catch(() => {})
      const { statusCode, headers } = response
      if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' }
      if (statusCode === 410) return { kind: 'gone' }
      const asked = headers['retry-after']
      const wait = retryAfterMs(typeof asked === 'string' ? asked : undefined, nowMs)
      return { kind: 'failed', error: `status ${statusCode}`, retryAfterMs: wait }
    } catch (error) {
      return { kind: 'failed', error: describe(error as Error), retryAfterMs: null }
    }
  }

  /** Breaks off what is still under way. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function describe(error: Error): string {
  const refused = error instanceof AddressRefusedError ? error : error.cause
  return refused instanceof AddressRefusedError ? `refused: ${refused.message}` : error.message
}
