import { randomUUID } from 'node:crypto'
import { Problem } from '../domain/errors.ts'
import { IdsExhaustedError, REFERENCE_SLOT, SmsIds } from '../domain/sms-id.ts'
import type { Pool } from '../postgres/pool.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Log } from '../runtime/log.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import { WakeSignal } from '../runtime/wake-signal.ts'

export interface LeaseTimes {
  /** A slot is free for others when its holder has not renewed it for so long, by PostgreSQL's clock. */
  readonly leaseMs: number
  readonly renewMs: number
  /** How far ahead of now the block of ids reaches. As long as the lease: a process that cannot renew cannot accept either. */
  readonly blockMs: number
  /** How long a start waits for a slot: one of a process that was killed is free by then. */
  readonly claimWaitMs: number
}

const TIMES: LeaseTimes = { leaseMs: 30_000, renewMs: 5_000, blockMs: 30_000, claimWaitMs: 35_000 }
const CLAIM_RETRY_MS = 500

const NOW_MS = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

interface Lease {
  readonly slot: number
  readonly ids: SmsIds
}

interface LeasedRow {
  slot: number
  from_ms: number
  until_ms: number
  now_ms: number
}

/**
 * The ids of this process's messages. PostgreSQL leases it a slot, and with it a block of ids that no other process
 * gets, before or after: a process that loses its lease may use up its block, as the next holder begins behind it. Ids
 * carry PostgreSQL's time and go on by a monotonic clock, so clocks of machines do not matter.
 */
export class IdSlotLease {
  readonly #pool: Pool
  readonly #log: Log
  readonly #times: LeaseTimes
  readonly #holder = randomUUID()
  readonly #renewals: RoundLoop
  readonly #failure: RepeatedFailure
  readonly #claimRetry = new WakeSignal()
  #starting: Promise<void> | null = null
  #isStopping = false
  #lease: Lease | null = null
  #databaseMs = 0
  #readAtMs = 0

  constructor(pool: Pool, log: Log, times: Partial<LeaseTimes> = {}) {
    this.#times = { ...TIMES, ...times }
    this.#pool = pool
    this.#log = log
    this.#failure = new RepeatedFailure({ what: 'renewal of the message id lease', log })
    this.#renewals = new RoundLoop(() => this.#renewRound())
  }

  /** A health check: throws while the lease cannot be renewed. */
  readonly check = async (): Promise<void> => this.#failure.check()

  /** The slot that is ours now; null before the start. */
  get slot(): number | null {
    return this.#lease?.slot ?? null
  }

  /** Takes a slot. Throws ExpectedError if all are taken by processes that run, and an Error if it is stopped meanwhile. */
  start(): Promise<void> {
    this.#starting = this.#takeSlot()
    return this.#starting
  }

  async #takeSlot(): Promise<void> {
    const deadlineMs = performance.now() + this.#times.claimWaitMs
    let isWaiting = false
    while (!this.#isStopping && !(await this.#claim())) {
      if (performance.now() > deadlineMs) {
        throw new ExpectedError(
          `All ${REFERENCE_SLOT} slots of message ids are taken: so many processes of the role api share this database. ` +
            'Stop one of them, or run fewer with more connections each.',
        )
      }
      if (!isWaiting) this.#log.warn({ slots: REFERENCE_SLOT }, 'every slot of message ids is leased; waiting for one')
      isWaiting = true
      await this.#claimRetry.sleep(CLAIM_RETRY_MS)
    }
    if (this.#isStopping) {
      await this.#release()
      throw new Error('start aborted while claiming a slot of message ids')
    }
    this.#renewals.start(this.#times.renewMs)
  }

  /** A new id. Throws Problem `unavailable` when the lease could not be renewed for so long that its block is used up. */
  next(): number {
    if (!this.#lease) throw unavailable()
    try {
      return this.#lease.ids.next(this.nowMs())
    } catch (error) {
      if (error instanceof IdsExhaustedError) throw unavailable()
      throw error
    }
  }

  /** Gives the slot back. What is left of its block is given to the next holder. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#claimRetry.wake()
    await this.#starting?.catch(() => {})
    await this.#renewals.stop()
    await this.#release()
  }

  async #release(): Promise<void> {
    const lease = this.#lease
    this.#lease = null
    if (!lease) return
    await this.#pool
      .query(
        `UPDATE id_slots SET holder = NULL, lease_until = clock_timestamp(), until_ms = least(until_ms, $3)
         WHERE slot = $1 AND holder = $2`,
        [lease.slot, this.#holder, lease.ids.unusedFromMs],
      )
      .catch((error) => this.#log.warn({ err: error }, 'failed to release the slot of message ids; its lease runs out'))
  }

  async #renewRound(): Promise<number> {
    try {
      if (!(await this.#renew())) {
        this.#log.warn({ slot: this.slot }, 'lost the slot of message ids to another process; taking another')
        if (!(await this.#claim())) throw new Error('every slot of message ids is leased')
      }
      this.#failure.succeeded()
      return this.#times.renewMs
    } catch (error) {
      return Math.min(this.#times.renewMs, this.#failure.failed(error))
    }
  }

  async #renew(): Promise<boolean> {
    const { rows } = await this.#pool.query<LeasedRow>(
      `UPDATE id_slots SET lease_until = clock_timestamp() + $3 * interval '1 ms',
         until_ms = greatest(until_ms, ${NOW_MS} + $4)
       WHERE slot = $1 AND holder = $2 RETURNING slot, until_ms, ${NOW_MS} AS now_ms`,
      [this.#lease!.slot, this.#holder, this.#times.leaseMs, this.#times.blockMs],
    )
    const row = rows[0]
    if (!row) return false
    this.#readClock(row.now_ms)
    this.#lease!.ids.extend(row.until_ms)
    return true
  }

  /** Prefers slots whose blocks lie in the past, so that ids stay near the time. Returns whether there was one. */
  async #claim(): Promise<boolean> {
    const { rows } = await this.#pool.query<LeasedRow>(
      `WITH free AS (
         SELECT slot, greatest(until_ms, ${NOW_MS}) AS from_ms FROM id_slots
         WHERE slot < $1 AND lease_until < clock_timestamp()
         ORDER BY greatest(until_ms, ${NOW_MS}), lease_until, slot LIMIT 1 FOR UPDATE SKIP LOCKED
       )
       UPDATE id_slots SET holder = $2, lease_until = clock_timestamp() + $3 * interval '1 ms',
         until_ms = free.from_ms + $4
       FROM free WHERE id_slots.slot = free.slot
       RETURNING id_slots.slot, free.from_ms, id_slots.until_ms, ${NOW_MS} AS now_ms`,
      [REFERENCE_SLOT, this.#holder, this.#times.leaseMs, this.#times.blockMs],
    )
    const row = rows[0]
    if (!row) return false
    this.#readClock(row.now_ms)
    this.#lease = { slot: row.slot, ids: new SmsIds(row.slot, row.from_ms, row.until_ms) }
    return true
  }

  #readClock(databaseMs: number): void {
    this.#databaseMs = databaseMs
    this.#readAtMs = performance.now()
  }

  /** PostgreSQL's time, by which ids are drawn, in milliseconds since 1970. */
  nowMs(): number {
    return this.#databaseMs + Math.floor(performance.now() - this.#readAtMs)
  }
}

function unavailable(): Problem {
  return new Problem('unavailable', 'The gateway cannot number messages now; try again in a moment.')
}
