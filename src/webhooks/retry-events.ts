import type { Pool } from '../postgres/pool.ts'
import { backoffMs } from '../runtime/backoff.ts'
import type { Log } from '../runtime/log.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import { nextAttemptMs } from './attempt-plan.ts'
import type { EndpointGate } from './endpoint-gate.ts'
import { disableEndpoint } from './endpoints.ts'
import type { EventPoster, PostResult } from './post-event.ts'
import {
  claimRetries,
  type DueRetry,
  deferRetry,
  postponeRetry,
  removeRetriesOf,
  removeRetry,
} from './store-retries.ts'

export interface RetryParts {
  readonly pool: Pool
  readonly gate: EndpointGate
  readonly poster: EventPoster
  readonly log: Log
  readonly leaseMs: number
  readonly counted: (outcome: PostResult['kind'] | 'given-up', seconds: number) => void
}

const CLAIM_MAX = 100
const POLL_MS = 1_000
const TURNED_AWAY_MS = 5_000

/** Tries again what endpoints did not take, when it is due. */
export class RetryLoop {
  readonly #parts: RetryParts
  readonly #loop = new RoundLoop(() => this.#round())
  #failures = 0

  constructor(parts: RetryParts) {
    this.#parts = parts
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async #round(): Promise<number> {
    try {
      const due = await claimRetries(this.#parts.pool, CLAIM_MAX, this.#parts.leaseMs)
      await Promise.all(due.map((retry) => this.#try(retry)))
      this.#failures = 0
      return due.length < CLAIM_MAX ? POLL_MS : 0
    } catch (error) {
      this.#failures++
      this.#parts.log.warn({ err: error }, 'webhooks could not be retried; trying again')
      return backoffMs(this.#failures, 500, 10_000)
    }
  }

  async #try(retry: DueRetry): Promise<void> {
    const { pool, gate, poster, counted } = this.#parts
    const startedMs = Date.now()
    if (!gate.tryBegin(retry.endpoint_id, startedMs)) {
      return deferRetry(pool, retry, startedMs + TURNED_AWAY_MS)
    }
    const result = await poster.post(retry, retry.event_id, retry.body)
    const tookMs = Date.now() - startedMs
    gate.end(retry.endpoint_id, result.kind !== 'failed', tookMs, Date.now())
    counted(result.kind, tookMs / 1_000)
    if (result.kind === 'delivered') await removeRetry(pool, retry)
    else if (result.kind === 'gone') await this.#giveUpOn(retry)
    else await this.#postpone(retry, result.error, result.retryAfterMs)
  }

  async #giveUpOn({ endpoint_id }: DueRetry): Promise<void> {
    // Another post may have learned it first.
    await disableEndpoint(this.#parts.pool, endpoint_id, 'answered 410').catch(() => {})
    await removeRetriesOf(this.#parts.pool, endpoint_id)
  }

  async #postpone(retry: DueRetry, error: string, askedMs: number | null): Promise<void> {
    const { pool, log, counted } = this.#parts
    const nextAtMs = nextAttemptMs(retry.attempts + 1, askedMs, Date.now())
    if (nextAtMs !== null) return postponeRetry(pool, retry, nextAtMs, error)
    log.error(
      { endpoint: retry.endpoint_id, event: retry.event_id, error },
      'a webhook was given up after its last attempt',
    )
    counted('given-up', 0)
    await removeRetry(pool, retry)
  }
}
