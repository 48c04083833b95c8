import type { Histogram } from 'hdr-histogram-js'
import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../measure/latency.ts'
import { HttpConnections } from './http-connection.ts'
import { acceptedOf, type Post, postOf } from './sample-post.ts'

export interface LoadOptions {
  readonly api: string
  readonly apiKeys: readonly string[]
  /** Messages, however many of them a post carries. */
  readonly ratePerSecond: number
  readonly seconds: number
  readonly connections: number
  /** Begins the idempotency keys; without one, posts have none and are not tried again. */
  readonly idempotency: string | null
  /** Recipients; message n goes to number n modulo this. */
  readonly phones: number
  /** Above 1: batches of so many. */
  readonly messagesPerPost?: number
}

/** What a customer knows of its posts. Times in milliseconds since the epoch. */
export interface LoadResult {
  /** Messages. */
  readonly offered: number
  readonly acceptedCount: number
  /** sms_id with the time of its answer, of those that were posted alone. */
  readonly accepted: [smsId: number, atMs: number][]
  /** Answers that were none of ours, by status; 0 is no answer. */
  readonly refused: Record<string, number>
  /** From when a post was due to its answer, so that the queueing time of a post counts. */
  readonly latencyMs: LatencyMs
  /** From the first post to the last answer. */
  readonly elapsedMs: number
}

const TICK_MS = 5
const RETRY_MS = 200
const GIVE_UP_MS = 120_000

/** Offers posts at a steady rate, whether or not the answers keep up; at the longest until it is stopped. */
export async function postOpenLoop(options: LoadOptions, stopped?: AbortSignal): Promise<LoadResult> {
  const connections = new HttpConnections(options.api, options.connections)
  const load = new Load(options, connections, latencyHistogram())
  const result = await load.run(stopped)
  connections.close()
  return result
}

class Load {
  readonly #options: LoadOptions
  readonly #connections: HttpConnections
  readonly #histogram: Histogram
  readonly #accepted: [number, number][] = []
  readonly #refused: Record<string, number> = {}
  #acceptedCount = 0

  constructor(options: LoadOptions, connections: HttpConnections, histogram: Histogram) {
    this.#options = options
    this.#connections = connections
    this.#histogram = histogram
  }

  async run(stopped?: AbortSignal): Promise<LoadResult> {
    const { ratePerSecond, seconds, messagesPerPost = 1 } = this.#options
    const postsPerSecond = ratePerSecond / messagesPerPost
    const total = Math.round(postsPerSecond * seconds)
    const startMs = performance.now()
    const posts: Promise<void>[] = []
    while (posts.length < total && !stopped?.aborted) {
      // The first is due at once: without it each would go out a whole interval late, which at 20 a second is 50 ms.
      const due = Math.min(total, 1 + Math.floor(((performance.now() - startMs) * postsPerSecond) / 1_000))
      while (posts.length < due) posts.push(this.#post(posts.length, startMs + (posts.length * 1_000) / postsPerSecond))
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    await Promise.all(posts)
    return {
      offered: posts.length * messagesPerPost,
      acceptedCount: this.#acceptedCount,
      accepted: this.#accepted,
      refused: this.#refused,
      latencyMs: percentilesMs(this.#histogram),
      elapsedMs: performance.now() - startMs,
    }
  }

  async #post(n: number, dueMs: number): Promise<void> {
    const { apiKeys, idempotency, phones, messagesPerPost = 1 } = this.#options
    const post = postOf(n, messagesPerPost, phones)
    const headers = {
      authorization: `Bearer ${apiKeys[n % apiKeys.length]}`,
      'content-type': 'application/json',
      ...(idempotency === null ? {} : { 'idempotency-key': `${idempotency}-${n}` }),
    }
    while (!(await this.#try(headers, post, dueMs))) {
      if (idempotency === null || performance.now() - dueMs > GIVE_UP_MS) return
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  /** Whether the post was accepted. */
  async #try(headers: Record<string, string>, post: Post, dueMs: number): Promise<boolean> {
    let status = 0
    try {
      const answer = await this.#connections.post(post.path, headers, post.body)
      status = answer.status
      if (status === 202) {
        recordMs(this.#histogram, performance.now() - dueMs)
        const { count, smsId } = acceptedOf(post, answer.body)
        this.#acceptedCount += count
        if (smsId !== null) this.#accepted.push([smsId, Date.now()])
        return true
      }
    } catch {
      // No answer: the connection broke or there was none.
    }
    this.#refused[status] = (this.#refused[status] ?? 0) + 1
    return false
  }
}
