import { isItemFault } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { WriteTogether } from '../postgres/write-together.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import type { Log } from '../runtime/log.ts'
import { disableEndpoint } from './change-endpoints.ts'
import { noteFailure, noteSuccess } from './endpoint-health.ts'
import type { PostResult } from './post-event.ts'
import { nextWaitMs, probeWaitMs } from './retry-schedule.ts'
import {
  addRetries,
  type Postponement,
  postponeRetries,
  type Retry,
  type RetryKey,
  removeRetries,
} from './store-retries.ts'

export interface RetrySettlerParts {
  readonly pool: Pool
  readonly log: Log
  /** An endpoint that has failed for so long is disabled; null for never. */
  readonly disableAfterMs: number | null
  readonly exhausted: () => void
}

/** An event in the table of which an attempt has ended. */
export interface Attempted extends RetryKey {
  /** This attempt included. */
  readonly attempts: number
}

/**
 * Writes into the table what became of events there, many in a statement. An event that the database refuses, as of an
 * endpoint that was removed meanwhile, costs only itself. Throws what is the database's own fault.
 */
export class RetrySettler {
  readonly #parts: RetrySettlerParts
  readonly #adding: WriteTogether<Retry>
  readonly #removing: WriteTogether<RetryKey>
  readonly #postponing: WriteTogether<Postponement>
  /** What is being noted in endpoints' rows. */
  readonly #notes = new Map<string, Promise<void>>()

  constructor(parts: RetrySettlerParts) {
    this.#parts = parts
    const { pool } = parts
    this.#adding = this.#together((retries: readonly Retry[]) => addRetries(pool, retries))
    this.#removing = this.#together((retries: readonly RetryKey[]) => removeRetries(pool, retries))
    this.#postponing = this.#together((retries: readonly Postponement[]) => postponeRetries(pool, retries))
  }

  add(retry: Retry): Promise<void> {
    return this.#adding.add(retry)
  }

  remove(retry: RetryKey): Promise<void> {
    return this.#removing.add(retry)
  }

  /** Postpones an event that was not tried. */
  defer(retry: Attempted, waitMs: number): Promise<void> {
    return this.#postponing.add({ ...retry, waitMs, error: null })
  }

  /** Postpones an event by the schedule, or marks it as exhausted after its last attempt. */
  async failed(retry: Attempted, result: Exclude<PostResult, { kind: 'delivered' }>): Promise<void> {
    const { endpointId, eventId, attempts } = retry
    if (result.kind === 'gone') await this.disable(endpointId)
    const waitMs = nextWaitMs(attempts, result.kind === 'gone' ? null : result.retryAfterMs)
    await this.#postponing.add({ endpointId, eventId, attempts, waitMs, error: result.error })
    if (waitMs !== null) return
    this.#parts.exhausted()
    this.#parts.log.error(
      { endpoint: endpointId, event: eventId, attempts, error: result.error },
      'webhook event exhausted: its last attempt failed',
    )
  }

  /** The endpoint answered 410 Gone. */
  disable(endpointId: string): Promise<void> {
    return this.#noteOnce('gone', endpointId, async () => {
      const isNew = await disableEndpoint(this.#parts.pool, endpointId, 'answered 410').catch(ignoreUnknown)
      if (isNew) this.#parts.log.warn({ endpoint: endpointId }, 'webhook endpoint disabled: it answered 410 Gone')
    })
  }

  /** Lets the endpoint's backlog wait after a failed retry, for longer with each in a row. */
  backOff(endpointId: string, failures: number, retryAfterMs: number | null): Promise<void> {
    return this.#noteOnce('failed', endpointId, async () => {
      const { pool, log, disableAfterMs } = this.#parts
      const waitMs = probeWaitMs(failures, retryAfterMs)
      if (await noteFailure(pool, { endpointId, failures, waitMs, disableAfterMs }))
        log.warn({ endpoint: endpointId }, 'webhook endpoint disabled: it has failed for too long')
    })
  }

  /** Resumes the endpoint's backlog. */
  recovered(endpointId: string): Promise<void> {
    return this.#noteOnce('recovered', endpointId, () => noteSuccess(this.#parts.pool, endpointId))
  }

  /**
   * Many posts learn the same of an endpoint at once. One of them writes it down: the others would queue for the
   * endpoint's row, with connections that other work needs.
   */
  #noteOnce(what: string, endpointId: string, note: () => Promise<void>): Promise<void> {
    const key = `${what} ${endpointId}`
    let noting = this.#notes.get(key)
    if (!noting) {
      noting = note().finally(() => this.#notes.delete(key))
      this.#notes.set(key, noting)
    }
    return noting
  }

  #together<Item extends RetryKey>(write: (items: readonly Item[]) => Promise<void>): WriteTogether<Item> {
    return new WriteTogether<Item>(async (items) => {
      await isolateFailures<Item, void>(items, {
        apply: async (some) => {
          await write(some)
          return some.map(() => undefined)
        },
        isItemFault,
        isolated: ({ endpointId, eventId }, error) =>
          this.#parts.log.error(
            { err: error, endpoint: endpointId, event: eventId },
            'webhook event dropped: refused by PostgreSQL',
          ),
      })
    })
  }
}

/** It was deleted meanwhile. */
function ignoreUnknown(error: unknown): false {
  if (error instanceof ExpectedError) return false
  throw error
}
