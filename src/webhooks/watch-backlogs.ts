import { LeaderLoop } from '../postgres/leader-loop.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { dropOldEvents, exhaustOldEvents, forgetFailures, markFullBacklogs } from './backlog-statements.ts'

/** Of all dispatchers one watches; the number is arbitrary, and ours. */
const BACKLOG_LOCK = 7_306_017
const PERIOD_MS = 30_000
/** Events of each endpoint changed by one statement. */
const EVENTS_MAX = 1_000

export interface BacklogBounds {
  /** An event that is older is given up as exhausted, unless its endpoint is disabled. */
  readonly retryMs: number
  /** An event that is older is dropped, whatever its state. */
  readonly keepMs: number
  /** Events of one endpoint that may wait. */
  readonly eventsMax: number
}

export interface BacklogWatchParts extends BacklogBounds {
  readonly pool: Pool
  readonly log: Log
  readonly exhausted: (events: number) => void
}

/** Keeps the table of retries within its bounds: gives up what is too old, drops it later, and marks full backlogs. */
export class BacklogWatch {
  readonly #parts: BacklogWatchParts
  readonly failure: RepeatedFailure
  readonly #loop: LeaderLoop

  constructor(parts: BacklogWatchParts) {
    this.#parts = parts
    this.failure = new RepeatedFailure({ what: 'check of webhook backlogs', log: parts.log })
    this.#loop = new LeaderLoop({
      pool: parts.pool,
      lock: BACKLOG_LOCK,
      periodMs: PERIOD_MS,
      begin: async (connection) => () => this.#round(connection),
      failure: this.failure,
    })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async #round(connection: Connection): Promise<void> {
    const { log, exhausted, retryMs, keepMs, eventsMax } = this.#parts
    const given = await this.#repeat(() => exhaustOldEvents(connection, retryMs, EVENTS_MAX))
    if (given > 0) {
      exhausted(given)
      log.error({ events: given }, 'webhook events exhausted: they were not delivered in time')
    }
    const dropped = await this.#repeat(() => dropOldEvents(connection, keepMs, EVENTS_MAX))
    if (dropped > 0) log.warn({ events: dropped }, 'undelivered webhook events dropped: their retention has ended')
    await forgetFailures(connection)
    for (const { endpoint_id: endpoint, backlog_full: isFull } of await markFullBacklogs(connection, eventsMax)) {
      if (isFull) log.error({ endpoint, events: eventsMax }, 'webhook backlog full; further events are not kept')
      else log.info({ endpoint }, 'webhook backlog has room again')
    }
  }

  async #repeat(step: () => Promise<number>): Promise<number> {
    let sum = 0
    while (!this.#loop.isStopping) {
      const events = await step()
      sum += events
      if (events === 0) break
    }
    return sum
  }
}
