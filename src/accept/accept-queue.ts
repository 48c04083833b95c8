import type { AcceptRow } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { isItemFault, SqlState, sqlState } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import { databaseProblem, diskFullProblem } from '../tables/database-problem.ts'
import { type AcceptBatchOptions, type AcceptResult, acceptBatch, type RowOutcome } from './accept-batch.ts'
import { acceptRowsApart } from './accept-rows-apart.ts'
import { CustomerLanes, type LaneItem } from './customer-lanes.ts'
import type { PendingRequest } from './pending-request.ts'

export interface AcceptQueueOptions extends AcceptBatchOptions {
  readonly pool: Pool
  /** Transactions under way at once, and one in reserve (RESERVE_AFTER_MS). */
  readonly transactionsMax: number
  readonly batchMessagesMax: number
  /** How long a batch waits for more requests while there is load. A request that comes alone never waits. */
  readonly gatherMs: number
  /** Messages that may wait; beyond that requests are refused. Of one customer see `#checkRoom`. */
  readonly waitingMessagesMax: number
  /** Whether as much waits to be published as may. */
  readonly isOutboxFull: () => boolean
  /** Whether the room that is left on a disk is needed for what was accepted before. */
  readonly isDiskLow: () => boolean
  /** Called when a batch was committed. */
  readonly accepted: () => void
  /** Called with the error of a message that PostgreSQL refused; it alone was not accepted. */
  readonly messageFailed: (customerId: string, error: unknown) => void
}

interface Waiting extends LaneItem {
  readonly request: PendingRequest
  readonly resolve: (result: AcceptResult) => void
  readonly reject: (error: Error) => void
}

/** A batch that met a duplicate key, a deadlock or a serialization failure is tried again this often. */
const COLLISIONS_MAX = 3
const COLLISION_STATES: readonly (string | undefined)[] = [
  SqlState.UNIQUE_VIOLATION,
  SqlState.DEADLOCK_DETECTED,
  SqlState.SERIALIZATION_FAILURE,
]
/** When all transactions have been running for so long, one more begins, for customers without requests in them. */
const RESERVE_AFTER_MS = 50
const OUTBOX_FULL_RETRY_SECONDS = 60

/**
 * Group commit: requests that arrive together are accepted together, so that the cost of a commit, and the lock on a
 * large customer's balance, are shared. Customers are served round-robin, and none may fill the queue
 * (`customer-lanes.ts`). A request that PostgreSQL refuses fails alone.
 */
export class AcceptQueue {
  readonly #options: AcceptQueueOptions
  readonly #keysInFlight = new Set<string>()
  readonly #lanes = new CustomerLanes<Waiting>()
  #running = 0
  #busyLately = false
  #timer: NodeJS.Timeout | null = null
  #reserveTimer: NodeJS.Timeout | null = null
  #whenIdle: (() => void)[] = []

  constructor(options: AcceptQueueOptions) {
    this.#options = options
  }

  get waitingMessages(): number {
    return this.#lanes.messages
  }

  /**
   * Resolves when the request is committed, with what became of each of its messages. What was done under its keys is
   * replayed also if nothing of it is fit any more, or the outbox or a disk is full. Rejects with a Problem: a key is in flight or
   * was used for another request, the customer has no account, the queue, the outbox or a disk is full, or the database is unavailable.
   */
  async submit(request: PendingRequest): Promise<readonly RowOutcome[]> {
    const keys = keysOf(request)
    if (keys.some((key) => this.#keysInFlight.has(key))) {
      throw new Problem('idempotency-in-flight', 'The first request with this Idempotency-Key is still being handled.')
    }
    const noRoom = this.#noRoom()
    if (noRoom && keys.length === 0) throw noRoom
    this.#checkRoom(request)
    for (const key of keys) this.#keysInFlight.add(key)
    try {
      const result = await this.#enqueue(noRoom ? withoutDrafts(request, noRoom) : request)
      if (result.kind === 'refused') throw result.problem
      if (noRoom && !result.outcomes.some(({ kind }) => kind === 'replayed')) throw noRoom
      return result.outcomes
    } finally {
      for (const key of keys) this.#keysInFlight.delete(key)
    }
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (!this.#lanes.isEmpty || this.#running > 0) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
    }
  }

  /** Why nothing new may be stored; null when it may. */
  #noRoom(): Problem | null {
    if (this.#options.isDiskLow()) return diskFullProblem()
    return this.#options.isOutboxFull() ? outboxFull() : null
  }

  /**
   * A customer may have as many messages waiting as there is room left then: half of the queue alone, less when others
   * fill it, so there is always room for the next customer. It bounds memory and needs no setting; `shareByCustomer` is
   * the policy before it, which an operator of the gateway sets.
   */
  #checkRoom({ customerId, rows }: PendingRequest): void {
    const room = this.#options.waitingMessagesMax - this.#lanes.messages
    const own = this.#lanes.messagesOf(customerId)
    if (own + rows.length <= room) return
    if (own > 0) {
      throw new Problem('too-many-requests', `${own} of your messages are waiting to be accepted; wait for answers.`)
    }
    throw new Problem('unavailable', 'Too many requests are queued; try again in a second.')
  }

  #enqueue(request: PendingRequest): Promise<AcceptResult> {
    return new Promise((resolve, reject) => {
      this.#lanes.push({ customerId: request.customerId, size: request.rows.length, request, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#running >= this.#options.transactionsMax) {
      this.#scheduleReserve()
      return
    }
    if (this.#timer) return
    if (this.#lanes.messages >= this.#options.batchMessagesMax || !this.#busyLately) {
      setImmediate(() => this.#startBatch())
      this.#busyLately = true
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#startBatch()
    }, this.#options.gatherMs)
  }

  #scheduleReserve(): void {
    if (this.#reserveTimer || this.#running > this.#options.transactionsMax || !this.#lanes.hasIdle) return
    this.#reserveTimer = setTimeout(() => {
      this.#reserveTimer = null
      if (this.#running === this.#options.transactionsMax && this.#lanes.hasIdle) this.#runBatch()
    }, RESERVE_AFTER_MS)
  }

  #startBatch(): void {
    if (this.#lanes.isEmpty || this.#running >= this.#options.transactionsMax) return
    this.#runBatch()
  }

  /** A customer in a running transaction has a lock there that this one would wait for, so idle customers go first, alone. */
  #runBatch(): void {
    const batch = this.#lanes.take(this.#options.batchMessagesMax, this.#lanes.hasIdle)
    this.#busyLately = batch.length > 1 || !this.#lanes.isEmpty
    this.#running++
    void this.#run(batch).finally(() => {
      this.#running--
      this.#lanes.release(batch)
      if (!this.#lanes.isEmpty) this.#schedule()
      else if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    })
  }

  /** Answers every request of the batch, each as soon as it is committed. */
  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      await isolateFailures(batch, {
        apply: async (items) => {
          const results = await this.#accept(items.map(({ request }) => request))
          for (const [index, { resolve }] of items.entries()) resolve(results[index]!)
          return results
        },
        isItemFault,
        isolated: async ({ request, resolve }, error) => {
          const accept = async (part: PendingRequest): Promise<AcceptResult> => (await this.#accept([part]))[0]!
          const failed = (cause: unknown): void => this.#options.messageFailed(request.customerId, cause)
          const result = await acceptRowsApart(request, error, accept, failed)
          resolve(result)
          return result
        },
      })
    } catch (error) {
      for (const { reject } of batch) reject(databaseProblem(error as Error) ?? (error as Error))
    }
  }

  async #accept(requests: readonly PendingRequest[]): Promise<AcceptResult[]> {
    for (let collisions = 1; ; collisions++) {
      try {
        const results = await acceptBatch(this.#options.pool, this.#options, requests)
        this.#options.accepted()
        return results
      } catch (error) {
        if (collisions > COLLISIONS_MAX || !COLLISION_STATES.includes(sqlState(error))) throw error
        await sleep(backoffMs(collisions, 10, 100))
      }
    }
  }
}

function keysOf({ customerId, claim, rows }: PendingRequest): string[] {
  const claims = [claim, ...rows.map((row) => row.claim)]
  return claims.flatMap((each) => (each ? `${customerId} ${each.key}` : []))
}

/** The request as one that asks only what was done before. */
function withoutDrafts(request: PendingRequest, problem: Problem): PendingRequest {
  return { ...request, rows: request.rows.map((row): AcceptRow => ({ ...row, draft: problem })) }
}

function outboxFull(): Problem {
  const detail = 'The outbox is full; try again in a minute.'
  return new Problem('unavailable', detail, [], OUTBOX_FULL_RETRY_SECONDS)
}
