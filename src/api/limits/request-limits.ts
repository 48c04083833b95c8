import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../../domain/errors.ts'
import { sleep } from '../../runtime/backoff.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { addressBlock } from './address-block.ts'
import { RateBuckets, type RatePolicy, type RateVerdict } from './rate-buckets.ts'

/** Units a second; 0 for no limit. */
export interface RequestLimitOptions {
  /** Of an address, for requests without a key that is valid. */
  readonly addressRequestsPerSecond: number
  /** Of a customer, whichever of its keys it uses. */
  readonly customerRequestsPerSecond: number
  /** Messages, also such as are refused: a batch counts each of its rows. */
  readonly customerMessagesPerSecond: number
  /** Of bodies. */
  readonly customerKibPerSecond: number
}

/** A page of the reference with all that it loads, several times over. */
const ADDRESS_BURST_SECONDS = 10
const CUSTOMER_BURST_SECONDS = 2
/** What a batch may have at most must fit into a burst. */
const BATCH_MESSAGES = 1_000
const BATCH_BYTES = 1_048_576
/** Documents cost an address a request for each so many bytes. */
const BYTES_PER_REQUEST = 65_536
const ADDRESSES_MAX = 100_000
const CUSTOMERS_MAX = 100_000
/**
 * A refusal waits so long, with its body unread: a client that does not wait by itself is slowed down by its own
 * connections. Of one address or customer so many are answered a second, the others in order; those that find more
 * than five seconds of them waiting are held for as long, and lose their connection without an answer.
 */
const REFUSAL_DELAY_MS = 250
const HOLD_MS = 5_000
const REFUSALS = { perSecond: 50, burst: 250 }

const TOO_MANY = {
  address: 'This address sends too many requests',
  requests: 'You send too many requests',
  messages: 'You send too many messages',
  bytes: 'You send too many bytes',
} as const
type Reason = keyof typeof TOO_MANY

/** The request rates of addresses and customers. Counted in this process alone. */
export class RequestLimits {
  readonly #addresses: RateBuckets
  readonly #requests: RateBuckets
  readonly #messages: RateBuckets
  readonly #bytes: RateBuckets
  readonly #refusals = new RateBuckets(REFUSALS, ADDRESSES_MAX + CUSTOMERS_MAX)
  readonly #policies: string
  readonly #isLimited: boolean
  readonly #refused: (reason: Reason) => void

  constructor(options: RequestLimitOptions, metrics: Metrics) {
    const requests = burstOf(options.customerRequestsPerSecond, CUSTOMER_BURST_SECONDS, 1)
    const messages = burstOf(options.customerMessagesPerSecond, CUSTOMER_BURST_SECONDS, BATCH_MESSAGES)
    const bytes = burstOf(options.customerKibPerSecond * 1_024, CUSTOMER_BURST_SECONDS, BATCH_BYTES)
    this.#addresses = new RateBuckets(
      burstOf(options.addressRequestsPerSecond, ADDRESS_BURST_SECONDS, 1),
      ADDRESSES_MAX,
    )
    this.#requests = new RateBuckets(requests, CUSTOMERS_MAX)
    this.#messages = new RateBuckets(messages, CUSTOMERS_MAX)
    this.#bytes = new RateBuckets(bytes, CUSTOMERS_MAX)
    const policies = { requests, messages, bytes }
    this.#policies = Object.entries(policies)
      .filter(([, { perSecond }]) => perSecond > 0)
      .map(([name, { perSecond, burst }]) => `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)}`)
      .join(', ')
    this.#isLimited = requests.perSecond > 0
    const refused = metrics.counter('smsgw_http_limited_total', 'Requests refused because of a limit', ['limit'])
    this.#refused = (limit) => refused.inc({ limit })
  }

  /** Counts a request that came without a valid key. Throws Problem `too-many-requests`, after a while. */
  async takeStranger(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const address = addressBlock(addressOf(request))
    const verdict = this.#addresses.take(address, 1, performance.now())
    if (!verdict.allowed) await this.#refuse(address, reply, 'address', verdict)
  }

  /** Gives back what was taken: the key turned out to be valid. */
  forgiveStranger(request: FastifyRequest): void {
    this.#addresses.charge(addressBlock(addressOf(request)), -1, performance.now())
  }

  /** Counts the bytes of a document that an address was sent. */
  chargeStranger(request: FastifyRequest, bytes: number): void {
    this.#addresses.charge(addressBlock(addressOf(request)), Math.floor(bytes / BYTES_PER_REQUEST), performance.now())
  }

  /**
   * Counts a request of a customer and the bytes that it announces. Throws Problem `too-many-requests`, after a while.
   */
  async takeRequest(customerId: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const nowMs = performance.now()
    const verdict = this.#requests.take(customerId, 1, nowMs)
    if (!verdict.allowed) await this.#refuse(customerId, reply, 'requests', verdict)
    if (this.#isLimited)
      reply.header('ratelimit-policy', this.#policies).header('ratelimit', field('requests', verdict))
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced === 0) return
    const bytes = this.#bytes.take(customerId, Math.min(announced, BATCH_BYTES), nowMs)
    if (!bytes.allowed) await this.#refuse(customerId, reply, 'bytes', bytes)
  }

  /** Counts a body whose length was not announced. */
  chargeBytes(customerId: string, bytes: number): void {
    this.#bytes.charge(customerId, bytes, performance.now())
  }

  /** Counts the messages of a request, before they are looked at. Throws Problem `too-many-requests`, after a while. */
  async takeMessages(customerId: string, messages: number, reply: FastifyReply): Promise<void> {
    const verdict = this.#messages.take(customerId, messages, performance.now())
    if (!verdict.allowed) await this.#refuse(customerId, reply, 'messages', verdict)
  }

  async #refuse(client: string, reply: FastifyReply, reason: Reason, verdict: RateVerdict): Promise<never> {
    this.#refused(reason)
    const leave = this.#refusals.take(client, 1, performance.now())
    await sleep(leave.allowed ? Math.max(REFUSAL_DELAY_MS, leave.waitMs) : HOLD_MS)
    if (!leave.allowed) reply.raw.socket?.destroy()
    const seconds = Math.max(1, Math.ceil(verdict.waitMs / 1_000))
    if (reason !== 'address')
      reply.header('ratelimit-policy', this.#policies).header('ratelimit', field(reason, verdict))
    throw new Problem('too-many-requests', `${TOO_MANY[reason]}; try again in ${seconds} s.`, [], seconds)
  }
}

/** The address that a request came from: behind trusted proxies what they say, if it is one. */
export function addressOf(request: FastifyRequest): string {
  const { ip } = request
  return isIP(ip) === 0 ? (request.socket.remoteAddress ?? '') : ip
}

function burstOf(perSecond: number, seconds: number, least: number): RatePolicy {
  return { perSecond, burst: Math.max(perSecond * seconds, least) }
}

/** As `draft-ietf-httpapi-ratelimit-headers` writes it: units left, and seconds until all are available. */
function field(name: string, { remaining, waitMs }: RateVerdict): string {
  return `"${name}";r=${remaining};t=${Math.ceil(waitMs / 1_000)}`
}
