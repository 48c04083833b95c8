import { build, type Histogram } from 'hdr-histogram-js'
import { HttpConnections } from './http-connection.ts'

export interface LoadOptions {
  readonly api: string
  readonly apiKeys: readonly string[]
  readonly ratePerSecond: number
  readonly seconds: number
  readonly connections: number
  /** Begins the idempotency keys; without one, posts have none and are not tried again. */
  readonly idempotency: string | null
  /** Recipients; message n goes to number n modulo this. */
  readonly phones: number
}

/** What a customer knows of its posts. Times in milliseconds since the epoch. */
export interface LoadResult {
  readonly offered: number
  /** sms_id with the time of its answer. */
  readonly accepted: [smsId: number, atMs: number][]
  /** Answers that were none of ours, by status; 0 is no answer. */
  readonly refused: Record<string, number>
  /** From when a post was due to its answer, so that a post which had to wait for its turn counts its waiting. */
  readonly latencyMs: { p50: number; p95: number; p99: number; p999: number; max: number }
}

const TICK_MS = 5
const RETRY_MS = 200
const GIVE_UP_MS = 120_000

/** Offers single posts at a steady rate, whether or not the answers keep up. */
export async function postOpenLoop(options: LoadOptions): Promise<LoadResult> {
  const connections = new HttpConnections(options.api, options.connections)
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  })
  const load = new Load(options, connections, histogram)
  const result = await load.run()
  connections.close()
  return result
}

class Load {
  readonly #options: LoadOptions
  readonly #connections: HttpConnections
  readonly #histogram: Histogram
  readonly #accepted: [number, number][] = []
  readonly #refused: Record<string, number> = {}

  constructor(options: LoadOptions, connections: HttpConnections, histogram: Histogram) {
    this.#options = options
    this.#connections = connections
    this.#histogram = histogram
  }

  async run(): Promise<LoadResult> {
    const { ratePerSecond, seconds } = this.#options
    const total = Math.round(ratePerSecond * seconds)
    const startMs = performance.now()
    const posts: Promise<void>[] = []
    while (posts.length < total) {
      const due = Math.min(total, Math.floor(((performance.now() - startMs) * ratePerSecond) / 1_000))
      while (posts.length < due) posts.push(this.#post(posts.length, startMs + (posts.length * 1_000) / ratePerSecond))
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    await Promise.all(posts)
    const at = (percentile: number): number => this.#histogram.getValueAtPercentile(percentile) / 1_000
    return {
      offered: total,
      accepted: this.#accepted,
      refused: this.#refused,
      latencyMs: { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max: this.#histogram.maxValue / 1_000 },
    }
  }

  async #post(n: number, dueMs: number): Promise<void> {
    const { apiKeys, idempotency, phones } = this.#options
    const to = `+98912${String((n * 7_919) % phones).padStart(7, '0')}`
    const body = JSON.stringify({ to, text: `Message ${n}: your parcel arrives today between 14:00 and 16:00.` })
    const headers = {
      authorization: `Bearer ${apiKeys[n % apiKeys.length]}`,
      'content-type': 'application/json',
      ...(idempotency === null ? {} : { 'idempotency-key': `${idempotency}-${n}` }),
    }
    while (!(await this.#try(headers, body, dueMs))) {
      if (idempotency === null || performance.now() - dueMs > GIVE_UP_MS) return
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  /** Whether the post was accepted. */
  async #try(headers: Record<string, string>, body: string, dueMs: number): Promise<boolean> {
    let status = 0
    try {
      const answer = await this.#connections.post('/v1/messages', headers, body)
      status = answer.status
      if (status === 202) {
        this.#histogram.recordValue(Math.max(1, Math.round((performance.now() - dueMs) * 1_000)))
        this.#accepted.push([(JSON.parse(answer.body) as { sms_id: number }).sms_id, Date.now()])
        return true
      }
    } catch {
      // No answer: the connection broke or there was none.
    }
    this.#refused[status] = (this.#refused[status] ?? 0) + 1
    return false
  }
}
