import { Problem } from '../../domain/errors.ts'
import { SmsIds } from '../../domain/sms-id.ts'
import { SqlState, sqlState } from '../../postgres/database-errors.ts'
import type { Pool } from '../../postgres/pool.ts'
import { databaseProblem, diskFullProblem } from '../database-problem.ts'
import { type AcceptResult, acceptBatch, type PendingRequest } from './accept-batch.ts'

export interface AcceptQueueOptions {
  readonly pool: Pool
  /** Transactions under way at once. */
  readonly transactionsMax: number
  readonly batchMessagesMax: number
  /** How long a batch waits for more requests while there is load. A request that comes alone never waits. */
  readonly gatherMs: number
  /** Messages that may wait; beyond that requests are turned away. */
  readonly waitingMessagesMax: number
  /** Whether as much waits to be published as may. */
  readonly isOutboxFull: () => boolean
  /** Whether the room that is left on a disk is needed for what was accepted before. */
  readonly isDiskLow: () => boolean
  /** Called when a batch was committed. */
  readonly accepted: () => void
}

interface Waiting {
  readonly request: PendingRequest
  readonly resolve: (result: AcceptResult) => void
  readonly reject: (error: Error) => void
}

/** A batch that met a duplicate id or a deadlock is tried again this often. */
const COLLISIONS_MAX = 3

/**
 * Group commit: requests that arrive together are accepted together, so that the cost of a commit, and the lock on a
 * large customer's balance, are shared. Requests are taken in the order they came.
 */
export class AcceptQueue {
  readonly #options: AcceptQueueOptions
  readonly #keysInFlight = new Set<string>()
  #ids = new SmsIds(randomSlot())
  #waiting: Waiting[] = []
  #waitingMessages = 0
  #running = 0
  #busyLately = false
  #timer: NodeJS.Timeout | null = null
  #whenIdle: (() => void)[] = []

  constructor(options: AcceptQueueOptions) {
    this.#options = options
  }

  get waitingMessages(): number {
    return this.#waitingMessages
  }

  /** Throws Problem: the key is in flight, the queue, the outbox or a disk is full, or the database is away. */
  submit(request: PendingRequest): Promise<AcceptResult> {
    const key = request.idempotency && `${request.customerId} ${request.idempotency.key}`
    if (key && this.#keysInFlight.has(key)) {
      throw new Problem('idempotency-in-flight', 'The first request with this Idempotency-Key is still being handled.')
    }
    if (this.#options.isOutboxFull()) {
      throw new Problem(
        'unavailable',
        'More messages wait to be sent on than can be kept; try again in a minute.',
        [],
        60,
      )
    }
    if (this.#options.isDiskLow()) throw diskFullProblem()
    const size = request.drafts.length
    if (this.#waitingMessages + size > this.#options.waitingMessagesMax) {
      throw new Problem('unavailable', 'More messages are waiting to be accepted than can be; try again in a second.')
    }
    if (key) this.#keysInFlight.add(key)
    this.#waitingMessages += size
    return new Promise<AcceptResult>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#schedule()
    }).finally(() => {
      if (key) this.#keysInFlight.delete(key)
    })
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running > 0) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
    }
  }

  #schedule(): void {
    if (this.#timer || this.#running >= this.#options.transactionsMax) return
    if (this.#waitingMessages >= this.#options.batchMessagesMax || !this.#busyLately) {
      setImmediate(() => this.#startBatch())
      this.#busyLately = true
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#startBatch()
    }, this.#options.gatherMs)
  }

  #startBatch(): void {
    if (this.#waiting.length === 0 || this.#running >= this.#options.transactionsMax) return
    const batch = this.#takeBatch()
    this.#busyLately = batch.length > 1 || this.#waiting.length > 0
    this.#running++
    void this.#run(batch).finally(() => {
      this.#running--
      if (this.#waiting.length > 0) this.#schedule()
      else if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    })
  }

  #takeBatch(): Waiting[] {
    let messages = 0
    let count = 0
    for (const { request } of this.#waiting) {
      if (count > 0 && messages + request.drafts.length > this.#options.batchMessagesMax) break
      messages += request.drafts.length
      count++
    }
    this.#waitingMessages -= messages
    return this.#waiting.splice(0, count)
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const requests = batch.map(({ request }) => request)
    for (let collisions = 0; ; collisions++) {
      try {
        const results = await acceptBatch(this.#options.pool, this.#ids, requests, Date.now)
        this.#options.accepted()
        for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
        return
      } catch (error) {
        if (collisions < COLLISIONS_MAX && this.#isCollision(error)) continue
        for (const { reject } of batch) reject(databaseProblem(error as Error) ?? (error as Error))
        return
      }
    }
  }

  #isCollision(error: unknown): boolean {
    const state = sqlState(error)
    if (state === SqlState.UNIQUE_VIOLATION) this.#ids = new SmsIds(randomSlot())
    return state === SqlState.UNIQUE_VIOLATION || state === SqlState.DEADLOCK_DETECTED
  }
}

function randomSlot(): number {
  return Math.floor(Math.random() * 64)
}
