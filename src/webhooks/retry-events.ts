import type { Pool } from '../postgres/pool.ts'
import type { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import { claimRetries, type DueRetry, type WaitingEndpoint, waitingEndpoints } from './claim-retries.ts'
import type { EventPoster, PostResult } from './post-event.ts'
import type { PostQueue } from './post-queue.ts'
import type { PostSlots } from './post-slots.ts'
import type { RetrySettler } from './settle-retries.ts'

export interface RetryParts {
  readonly pool: Pool
  readonly slots: PostSlots
  /** Where others wait for slots that are given back here. */
  readonly queue: PostQueue
  readonly poster: EventPoster
  readonly settler: RetrySettler
  readonly failure: RepeatedFailure
  /** Retries in flight; half of them at most to endpoints that fail. */
  readonly requestsMax: number
  readonly leaseMs: number
  readonly counted: (outcome: PostResult['kind'], seconds: number) => void
}

/** Endpoints looked at in a round. */
const ENDPOINTS_MAX = 100
/** Between two cycles through all endpoints with undelivered events. */
const CYCLE_MS = 1_000
/** Between two rounds of a cycle that found nothing to do, and while no request is free. */
const ROUND_MS = 100
const DEFERRED_MS = 1_000

/**
 * Posts undelivered events when they are due. Endpoints are served round-robin: a round looks at the next hundred that
 * have events, and takes a share of each, so neither the length nor the age of a backlog gives it precedence. Rounds do
 * not wait for the posts that they start. An endpoint whose last retry failed is probed with one event at a time, after
 * waits that all dispatchers keep; its first success releases the backlog.
 */
export class RetryLoop {
  readonly #parts: RetryParts
  readonly #loop = new RoundLoop(() => this.#round())
  readonly #inFlight = new Set<Promise<void>>()
  /** Failing endpoints that a retry in flight probes. */
  readonly #probing = new Set<string>()
  #after = ''

  constructor(parts: RetryParts) {
    this.#parts = parts
  }

  start(): void {
    this.#loop.start()
  }

  /** Resolves when the posts in flight have ended. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    await Promise.all(this.#inFlight)
  }

  async #round(): Promise<number> {
    const { pool, failure, leaseMs } = this.#parts
    if (this.#inFlight.size >= this.#parts.requestsMax) return ROUND_MS
    try {
      const endpoints = await waitingEndpoints(pool, this.#after, ENDPOINTS_MAX)
      const isLast = endpoints.length < ENDPOINTS_MAX
      this.#after = isLast ? '' : endpoints.at(-1)!.endpoint_id
      const shares = this.#shares(endpoints)
      const due = shares.size > 0 ? await claimRetries(pool, shares, leaseMs) : []
      for (const retry of due) this.#begin(retry)
      failure.succeeded()
      // Whose share was used up may have more.
      const isBusy = due.length > 0 && due.length >= shares.size
      return isBusy || !isLast ? ROUND_MS : CYCLE_MS
    } catch (error) {
      return failure.failed(error)
    }
  }

  /** How many events of each endpoint to claim: what its window has room for, and no more than a fair share. */
  #shares(endpoints: readonly WaitingEndpoint[]): Map<string, number> {
    const { requestsMax, slots } = this.#parts
    const ready = endpoints.filter(({ is_ready }) => is_ready)
    let left = requestsMax - this.#inFlight.size
    let probesLeft = Math.floor(requestsMax / 2) - this.#probing.size
    const fairMax = Math.max(1, Math.ceil(left / Math.max(1, ready.length)))
    const shares = new Map<string, number>()
    const nowMs = performance.now()
    for (const { endpoint_id: id, is_failing: isFailing } of ready) {
      const probesMax = this.#probing.has(id) ? 0 : Math.min(1, probesLeft)
      const room = Math.min(slots.roomFor(id, nowMs, true), isFailing ? probesMax : left)
      const share = Math.min(room, fairMax, left)
      if (share <= 0) continue
      left -= share
      if (isFailing) probesLeft -= share
      shares.set(id, share)
    }
    return shares
  }

  #begin(retry: DueRetry): void {
    const { failure } = this.#parts
    const { endpoint_id: id, is_failing: isFailing } = retry
    if (isFailing) this.#probing.add(id)
    const trying = this.#try(retry)
      // Its lease ends, and it is tried again.
      .catch((error) => void failure.failed(error, { endpoint: id }))
      .finally(() => {
        this.#inFlight.delete(trying)
        if (isFailing) this.#probing.delete(id)
      })
    this.#inFlight.add(trying)
  }

  async #try(retry: DueRetry): Promise<void> {
    const { slots, queue, poster, settler, counted } = this.#parts
    const key = { endpointId: retry.endpoint_id, eventId: retry.event_id }
    const beganMs = performance.now()
    const slot = slots.begin(poster.slotOwner(retry), beganMs, true)
    if (!slot) return settler.defer({ ...key, attempts: retry.attempts }, DEFERRED_MS)
    const events = { slow: () => queue.linger(slot), ended: () => queue.release(slot) }
    const result = await poster.post(retry, retry.event_id, retry.body, events)
    const nowMs = performance.now()
    if (result.kind === 'failed') slot.failed(nowMs)
    else slot.succeeded(nowMs)
    counted(result.kind, (nowMs - beganMs) / 1_000)
    if (result.kind === 'delivered') {
      await settler.remove(key)
      if (retry.is_failing) await settler.recovered(retry.endpoint_id)
      return
    }
    await settler.failed({ ...key, attempts: retry.attempts + 1 }, result)
    if (result.kind === 'failed') await settler.backOff(retry.endpoint_id, retry.failures + 1, result.retryAfterMs)
  }
}
