import { createHash } from 'node:crypto'
import { Agent, request } from 'undici'
import type { SeededRandom } from '../campaign/seeded-random.ts'
import type { AcceptanceLog } from './acceptance-log.ts'

export interface LoadCustomer {
  readonly customerId: string
  readonly apiKey: string
}

export interface LoadOptions {
  readonly apis: readonly string[]
  readonly customers: readonly LoadCustomer[]
  readonly phonesPerCustomer: number
  readonly ratePerSecond: number
  /** Planted in every text: a log must not contain it. */
  readonly canary: string
  readonly random: SeededRandom
  readonly log: AcceptanceLog
}

/** What became of tries, for measuring dips. */
export interface LoadSample {
  readonly atMs: number
  /** HTTP status; 0 is no answer. */
  readonly status: number
  /** Of what was accepted: from when it was due. */
  readonly latencyMs: number
}

interface Post {
  readonly key: string
  readonly customer: LoadCustomer
  readonly phone: string
  readonly text: string
  readonly dueMs: number
}

const TICK_MS = 10
const RETRY_MS = 200
const TIMEOUT_MS = 5_000
/** Posts that wait for an earlier one to the same phone, or for an answer; beyond that none are offered. */
const OPEN_MAX = 20_000
const REPEATED_SHARE = 0.02
/** Numbers of a block that nothing else here uses, so that each is a canary of its own. */
export const PHONE_BLOCK = '+98935777'

/**
 * Posts at a steady rate, each until it is accepted, always under the same key. Posts of one customer to one phone
 * follow each other only when the one before is acknowledged and logged: that makes their order one that must be kept.
 */
export class LoadClient {
  readonly samples: LoadSample[] = []
  readonly #options: LoadOptions
  readonly #agent = new Agent({ connections: 64, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  /** The last post of each customer and phone. */
  readonly #last = new Map<string, Promise<void>>()
  #loop: Promise<void> | null = null
  #offered = 0
  #open = 0
  #accepted = 0
  #stopping = false
  #aborted = false

  constructor(options: LoadOptions) {
    this.#options = options
  }

  get offered(): number {
    return this.#offered
  }

  get accepted(): number {
    return this.#accepted
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Offers no more; resolves when all that was offered is accepted. */
  async finish(): Promise<void> {
    this.#stopping = true
    await this.#loop
    await Promise.all(this.#last.values())
    if (!this.#aborted) await this.#agent.close()
  }

  /** Gives up what is not accepted. */
  async abort(): Promise<void> {
    this.#stopping = true
    this.#aborted = true
    await this.#agent.destroy()
    await this.#loop
    await Promise.all(this.#last.values())
  }

  async #run(): Promise<void> {
    const { ratePerSecond } = this.#options
    const startMs = Date.now()
    for (let n = 0; !this.#stopping; ) {
      const due = Math.floor(((Date.now() - startMs) * ratePerSecond) / 1_000)
      for (; n < due; n++) if (this.#open < OPEN_MAX) this.#offer(n, startMs + (n * 1_000) / ratePerSecond)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
  }

  #offer(n: number, dueMs: number): void {
    const { random, customers, phonesPerCustomer, canary } = this.#options
    const customer = random.pick(customers)
    const phone = `${PHONE_BLOCK}${String(random.between(0, phonesPerCustomer - 1)).padStart(4, '0')}`
    // One in ten has two segments, so that prices differ.
    const text = `${canary} ${n} ${random.next() < 0.1 ? 'x'.repeat(160) : ''}`
    const isRepeated = random.next() < REPEATED_SHARE
    const post = { key: `key-${n}`, customer, phone, text, dueMs }
    const pair = `${customer.customerId} ${phone}`
    this.#offered++
    this.#open++
    const done = (this.#last.get(pair) ?? Promise.resolve()).then(() => this.#post(post, isRepeated))
    this.#last.set(
      pair,
      done.finally(() => {
        this.#open--
      }),
    )
  }

  async #post(post: Post, isRepeated: boolean): Promise<void> {
    const refused: Record<string, number> = {}
    const answer = await this.#untilAccepted(post, refused)
    if (!answer) return
    await this.#options.log.add({
      kind: 'accepted',
      key: post.key,
      customerId: post.customer.customerId,
      phone: post.phone,
      partSha256: partsOf(post.text).map((part) => createHash('sha256').update(part).digest('hex')),
      smsId: answer.sms_id,
      cost: answer.cost,
      segments: answer.segments,
      dueMs: post.dueMs,
      acceptedMs: Date.now(),
      refused,
    })
    this.#accepted++
    if (!isRepeated) return
    const again = await this.#untilAccepted(post, {})
    if (again) await this.#options.log.add({ kind: 'repeated', key: post.key, smsId: again.sms_id })
  }

  async #untilAccepted(post: Post, refused: Record<string, number>): Promise<Answer | null> {
    for (let tries = 0; !this.#aborted; tries++) {
      const { status, answer } = await this.#try(post, tries)
      this.samples.push({ atMs: Date.now(), status, latencyMs: Date.now() - post.dueMs })
      if (answer) return answer
      refused[status] = (refused[status] ?? 0) + 1
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
    return null
  }

  /** Each try goes to another API. */
  async #try(post: Post, tries: number): Promise<{ status: number; answer: Answer | null }> {
    const { apis } = this.#options
    const url = `${apis[(Number(post.key.slice(4)) + tries) % apis.length]}/v1/messages`
    try {
      const response = await request(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${post.customer.apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': post.key,
        },
        body: JSON.stringify({ to: post.phone, text: post.text }),
        dispatcher: this.#agent,
      })
      const body = await response.body.text()
      return { status: response.statusCode, answer: response.statusCode === 202 ? (JSON.parse(body) as Answer) : null }
    } catch {
      return { status: 0, answer: null }
    }
  }
}

/** As every gateway divides a text of the GSM alphabet alone (3GPP TS 23.040, clause 9.2.3.24.1). */
function partsOf(text: string): string[] {
  return text.length <= 160 ? [text] : [text.slice(0, 153), text.slice(153)]
}

interface Answer {
  readonly sms_id: number
  readonly cost: number
  readonly segments: number
}
