import { EventFormError, eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { DONE, deadLetter, type Outcome, pauseUntil } from '../kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isDatabaseUnavailable, sqlState } from '../postgres/database-errors.ts'
import type { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { Endpoint } from './endpoints.ts'
import { eventBody } from './event-body.ts'
import type { EventPoster, PostResult } from './post-event.ts'
import type { PostQueue } from './post-queue.ts'
import type { Slot } from './post-slots.ts'
import { nextWaitMs } from './retry-schedule.ts'
import type { RetrySettler } from './settle-retries.ts'

const codec = eventCodec(StatusEvent)
/** How long an event waits in the table that could not be tried; a failing endpoint's events wait for its next probe. */
const DEFERRED_MS = 1_000

/** What became of a post, or of an event that was not posted at once: to the table, or nowhere as the table is full. */
export type DeliveryOutcome = PostResult['kind'] | 'deferred' | 'skipped'

export interface DeliverParts {
  readonly directory: EndpointDirectory
  readonly queue: PostQueue
  readonly poster: EventPoster
  readonly settler: RetrySettler
  /** How long an event that is being posted is kept from other dispatchers. */
  readonly leaseMs: number
  /** About the database, without which nothing is delivered. */
  readonly failure: RepeatedFailure
  readonly counted: (outcome: DeliveryOutcome, seconds: number) => void
}

interface EndpointEvent {
  readonly endpoint: Endpoint
  readonly eventId: string
  readonly body: string
}

/**
 * Posts status events to the endpoints of their customers, first straight from the record. The record is done when each
 * endpoint has the event, or the table of retries has it for that endpoint, which it has after about two seconds at the
 * latest: no record waits for a receiver.
 */
export class EventDelivery {
  readonly #parts: DeliverParts
  /** Posts whose event is in the table already, as their receiver is slow. */
  readonly #slowPosts = new Set<Promise<void>>()
  #pausedUntilMs = 0

  constructor(parts: DeliverParts) {
    this.#parts = parts
  }

  handle(record: ConsumedRecord): Promise<Outcome> {
    return this.#each(record, (event) => this.#deliver(event))
  }

  /** For a record that takes too long: puts it into the table of retries without posting it. */
  defer(record: ConsumedRecord): Promise<Outcome> {
    return this.#each(record, (event) => this.#store(event, 0, DEFERRED_MS, 'not posted: the record took too long'))
  }

  /** Resolves when no post is in flight that `handle` has not waited for. */
  async drain(): Promise<void> {
    await Promise.all(this.#slowPosts)
  }

  async #each(record: ConsumedRecord, deliver: (event: EndpointEvent) => Promise<void>): Promise<Outcome> {
    const { directory, failure } = this.#parts
    try {
      const event = codec.decode(record.value, record.timestampMs)
      const endpoints = await directory.of(event.customer_id)
      const interested = endpoints.filter(({ statuses }) => statuses.includes(event.status))
      if (interested.length > 0) {
        const body = eventBody(event)
        await Promise.all(interested.map((endpoint) => deliver({ endpoint, eventId: event.event_id, body })))
      }
      failure.succeeded()
      return DONE
    } catch (error) {
      if (error instanceof EventFormError) return deadLetter(error.reason, error.message)
      // Whatever the database says is not the record's fault: those that are were isolated.
      if (isDatabaseUnavailable(error) || sqlState(error) !== undefined) return this.#pause(error)
      throw error
    }
  }

  /** Many handlers learn at once that the database fails: they count as one failure. */
  #pause(error: unknown): Outcome {
    const nowMs = performance.now()
    if (this.#pausedUntilMs < nowMs) this.#pausedUntilMs = nowMs + this.#parts.failure.failed(error)
    return pauseUntil(Date.now() + this.#pausedUntilMs - nowMs)
  }

  async #deliver(event: EndpointEvent): Promise<void> {
    const { directory, queue, poster } = this.#parts
    const { endpoint } = event
    const answer = queue.acquire(poster.slotOwner(endpoint))
    const slot = answer instanceof Promise ? await answer : answer
    if (slot === null) return this.#store(event, 0, DEFERRED_MS, 'not posted yet: too many posts in flight')
    if (directory.enabled(endpoint.endpoint_id) === undefined) {
      queue.release(slot)
      return this.#store(event, 0, DEFERRED_MS, 'not posted yet: the endpoint was disabled')
    }
    return this.#post(event, slot)
  }

  async #post(event: EndpointEvent, slot: Slot): Promise<void> {
    const { queue, poster, counted } = this.#parts
    const beganMs = performance.now()
    let posting: Promise<PostResult>
    const first = await new Promise<PostResult | 'slow'>((resolve) => {
      const slow = (): boolean => {
        resolve('slow')
        return queue.linger(slot)
      }
      const events = { slow, ended: () => queue.release(slot) }
      posting = poster.post(event.endpoint, event.eventId, event.body, events).then((result) => {
        const nowMs = performance.now()
        if (result.kind === 'failed') slot.failed(nowMs)
        else slot.succeeded(nowMs)
        counted(result.kind, (nowMs - beganMs) / 1_000)
        resolve(result)
        return result
      })
    })
    if (first === 'slow') await this.#handOver(event, posting!)
    else await this.#settle(event, first)
  }

  /** Leaves a post in flight alone: the event is in the table, from which it is removed if the post succeeds. */
  async #handOver(event: EndpointEvent, posting: Promise<PostResult>): Promise<void> {
    const { leaseMs, failure, settler } = this.#parts
    const { endpoint, eventId } = event
    const key = { endpointId: endpoint.endpoint_id, eventId }
    await this.#store(event, 1, leaseMs, 'no response yet')
    const settled = posting
      .then((result) => {
        if (result.kind !== 'delivered') return settler.failed({ ...key, attempts: 1 }, result)
        this.#noteDelivered(endpoint)
        return settler.remove(key)
      })
      // The lease ends, and the event is posted again.
      .catch((error) => void failure.failed(error))
      .finally(() => this.#slowPosts.delete(settled))
    this.#slowPosts.add(settled)
  }

  async #settle(event: EndpointEvent, result: PostResult): Promise<void> {
    if (result.kind === 'delivered') return this.#noteDelivered(event.endpoint)
    if (result.kind === 'gone') await this.#parts.settler.disable(event.endpoint.endpoint_id)
    const waitMs = nextWaitMs(1, result.kind === 'failed' ? result.retryAfterMs : null)!
    await this.#store(event, 1, waitMs, result.error)
  }

  #noteDelivered(endpoint: Endpoint): void {
    const { settler, failure } = this.#parts
    if (endpoint.failing_since === null) return
    settler.recovered(endpoint.endpoint_id).catch((error) => void failure.failed(error))
  }

  async #store(event: EndpointEvent, attempts: number, waitMs: number, lastError: string): Promise<void> {
    const { settler, counted } = this.#parts
    const { endpoint, eventId, body } = event
    if (attempts === 0) counted(endpoint.backlog_full ? 'skipped' : 'deferred', 0)
    else if (endpoint.backlog_full) counted('skipped', 0)
    if (endpoint.backlog_full) return
    await settler.add({ endpointId: endpoint.endpoint_id, eventId, body, attempts, waitMs, lastError })
  }
}
