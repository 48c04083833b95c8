import type { Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'
import type { Attempt, AttemptOutcome } from './attempt-plan.ts'
import { type AttemptEnd, type AttemptStart, endAttempts, insertAttempts, readAttempts } from './attempt-statements.ts'

interface Pending<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** What is known of a message's attempts, oldest first; times by our own clock. */
export interface AttemptHistory {
  readonly attempts: Attempt[]
  /** As the state of the message says: attempts of the rounds before the one that is on. */
  readonly attemptsBefore: number
}

interface AttemptRow {
  readonly sms_id: number
  readonly attempt: number
  readonly possible_duplicate: boolean
  readonly lease_until: Date
  readonly outcome: AttemptOutcome
  readonly operator_message_id: string | null
  readonly error_code: string | null
  readonly ended_at: Date | null
  readonly read_at: Date
  readonly attempts_before: number | null
}

const BATCH_MAX = 1_000
/** While there is load, a transaction waits this long for company. */
const GATHER_MS = 40

/**
 * Keeps the table of attempts. What many tasks want written at once goes into one transaction; what they want while
 * it runs goes into the next.
 */
export class AttemptBook {
  readonly #pool: Pool
  readonly #worker: string
  #starts: Pending<AttemptStart, boolean>[] = []
  #ends: Pending<AttemptEnd, void>[] = []
  #reads: Pending<number, AttemptHistory>[] = []
  #running: Promise<void> | null = null
  #stopping = false

  constructor(pool: Pool, worker: string) {
    this.#pool = pool
    this.#worker = worker
  }

  /** Commits that an attempt begins. False: it was begun before, by whomever. Throws when the database does. */
  begin(start: AttemptStart): Promise<boolean> {
    return this.#enqueue(this.#starts, start)
  }

  /** Writes how an attempt ended, however long the database is away. Throws only when stopped meanwhile. */
  end(end: AttemptEnd): Promise<void> {
    return this.#enqueue(this.#ends, end)
  }

  /** All attempts of a message. Throws when the database does. */
  history(smsId: number): Promise<AttemptHistory> {
    return this.#enqueue(this.#reads, smsId)
  }

  /** Writes what waits, once; what cannot be written then is told so. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  #enqueue<Item, Result>(queue: Pending<Item, Result>[], item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      this.#running ??= this.#run().finally(() => {
        this.#running = null
      })
    })
  }

  async #run(): Promise<void> {
    let failures = 0
    let size = 0
    do {
      if (size > 1) await sleep(GATHER_MS)
      const starts = this.#starts.splice(0, BATCH_MAX)
      const ends = this.#ends.splice(0, BATCH_MAX)
      const reads = this.#reads.splice(0, BATCH_MAX)
      size = starts.length + ends.length + reads.length
      try {
        await this.#write(starts, ends, reads)
        failures = 0
      } catch (error) {
        for (const { reject } of [...starts, ...reads]) reject(error)
        if (this.#stopping) for (const { reject } of ends) reject(error)
        else this.#ends.unshift(...ends)
        failures++
        await sleep(backoffMs(failures, 50, 1_000))
      }
    } while (this.#starts.length + this.#ends.length + this.#reads.length > 0)
  }

  async #write(
    starts: readonly Pending<AttemptStart, boolean>[],
    ends: readonly Pending<AttemptEnd, void>[],
    reads: readonly Pending<number, AttemptHistory>[],
  ): Promise<void> {
    const [begun, , histories] = await inTransaction(this.#pool, (connection) => {
      const inserting =
        starts.length > 0 &&
        insertAttempts(
          starts.map(({ item }) => item),
          this.#worker,
        )
      const ending =
        ends.length > 0 &&
        endAttempts(
          ends.map(({ item }) => item),
          this.#worker,
        )
      const reading = reads.length > 0 && readAttempts(reads.map(({ item }) => item))
      return Promise.all([
        inserting ? connection.query<Pick<AttemptRow, 'sms_id' | 'attempt'>>(inserting) : null,
        ending ? connection.query(ending) : null,
        reading ? connection.query<AttemptRow>(reading) : null,
      ])
    })
    const isBegun = new Set(begun?.rows.map(({ sms_id, attempt }) => `${sms_id}.${attempt}`))
    for (const { item, resolve } of starts) resolve(isBegun.has(`${item.smsId}.${item.attempt}`))
    for (const { resolve } of ends) resolve()
    const bySms = Map.groupBy(histories?.rows ?? [], ({ sms_id }) => sms_id)
    for (const { item, resolve } of reads) resolve(toHistory(bySms.get(item) ?? []))
  }
}

function toHistory(rows: readonly AttemptRow[]): AttemptHistory {
  return { attempts: rows.map(toAttempt), attemptsBefore: rows[0]?.attempts_before ?? 0 }
}

/** The database's times, moved by what its clock is ahead of ours. */
function toAttempt(row: AttemptRow): Attempt {
  const aheadMs = row.read_at.getTime() - Date.now()
  return {
    attempt: row.attempt,
    possibleDuplicate: row.possible_duplicate,
    leaseUntilMs: row.lease_until.getTime() - aheadMs,
    outcome: row.outcome,
    operatorMessageId: row.operator_message_id,
    errorCode: row.error_code,
    endedAtMs: row.ended_at && row.ended_at.getTime() - aheadMs,
  }
}
