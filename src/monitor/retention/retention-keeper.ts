import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import { LeaderLoop } from '../../postgres/leader-loop.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import type { Health } from '../../runtime/health.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import type { Service } from '../../runtime/service.ts'
import { dropPartition, finishDetaching, listPartitions, type Partition } from '../../tables/drop-partition.ts'
import { PARTITIONED_TABLES } from '../../tables/partitioned-tables.ts'
import { bringOn, type Closing, type DayState } from './close-days.ts'
import { carryLedger, type DayRow, forgetDays, nameOfDay, readDays } from './day-statements.ts'
import { deleteRows, TABLES_OF_ROWS } from './delete-rows.ts'
import { daysDetached, daysToClose, duePartitions } from './due-partitions.ts'
import { RetentionMetrics } from './retention-metrics.ts'
import type { RetentionSettings } from './table-rules.ts'

/** Of all monitors one drops; the number is arbitrary, and ours. */
const RETENTION_LOCK = 7_306_020
/** For reading days through, and for deleting rows, of each round. */
const WORK_MS_MAX = 5_000
const PARTITIONS_MAX = 24
const TABLES = PARTITIONED_TABLES.map(({ name }) => name)
/** Longer than PostgreSQL takes to cancel a vacuum that is in the way, shorter than anyone would notice. */
const LOCK_TIMEOUT_MS = 2_000
/** Sums of a day of the ledger are read from a table that nothing else uses any more. */
const STATEMENT_TIMEOUT_MS = 1_800_000

export interface RetentionKeeperParts {
  readonly settings: RetentionSettings
  readonly pool: Pool
  /** See `ReadUpTo`. */
  readonly readUpTo: { look(nowMs: number): Promise<number> }
  readonly health: Pick<Health, 'add'>
  readonly metrics: Metrics
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** PostgreSQL's time unless given. */
  readonly nowMs?: (connection: Connection) => Promise<number>
  /** The time of this process unless given: of the two clocks the one that is behind says what is too old. */
  readonly ownMs?: () => number
}

/**
 * Drops what PostgreSQL has kept for as long as the settings say: whole days of the large tables, rows of the others. A
 * day of messages goes when all of them are final and every consumer group has read their records. Of all processes
 * one does it, in rounds of bounded work, without a lock that accepting or sending would wait for.
 */
export class RetentionKeeper implements Service {
  readonly name = 'retention'
  readonly #parts: RetentionKeeperParts
  readonly #metrics: RetentionMetrics
  readonly #failure: RepeatedFailure
  readonly #loop: LeaderLoop
  #openBefore = 0

  constructor(parts: RetentionKeeperParts) {
    this.#parts = parts
    this.#metrics = new RetentionMetrics(parts.metrics)
    this.#failure = new RepeatedFailure({ what: 'dropping of old data', log: parts.log })
    this.#loop = new LeaderLoop({
      pool: parts.pool,
      lock: RETENTION_LOCK,
      periodMs: parts.settings.RETENTION_PERIOD_MS,
      begin: async (connection) => {
        await connection.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}; SET statement_timeout = ${STATEMENT_TIMEOUT_MS}`)
        return () => this.round(connection)
      },
      ended: () => this.#metrics.clear(),
      failure: this.#failure,
    })
  }

  async start(): Promise<void> {
    this.#parts.health.add('retention', this.#failure.check)
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** What fails costs only itself. Throws the first failure, when everything else of the round is done. */
  async round(connection: Connection): Promise<void> {
    const { settings, readUpTo, log, nowMs: databaseMs = readDatabaseMs, ownMs = Date.now } = this.#parts
    const nowMs = await databaseMs(connection)
    // A clock that jumped ahead alone must not end the retention of everything.
    const agedMs = Math.min(nowMs, ownMs())
    const failures = new Failures()
    for (const partition of await listPartitions(connection, TABLES)) {
      if (partition.state === 'detaching') await failures.keep(() => finishDetaching(connection, partition))
    }
    const before = await listPartitions(connection, TABLES)
    const readUpToMs = (await failures.keep(() => readUpTo.look(nowMs))) ?? 0
    const due = daysToClose(before, settings, agedMs)
    const days = await this.#closeDays(connection, due, daysDetached(before), { nowMs, readUpToMs }, failures)
    const closed = new Set([...days].flatMap(([day, { kind }]) => (kind === 'closed' ? [day] : [])))
    await this.#drop(connection, duePartitions(before, settings, agedMs, closed), failures)
    const isOver = this.#until(WORK_MS_MAX)
    for (const table of TABLES_OF_ROWS) {
      const rows = await failures.keep(() => deleteRows(connection, table, settings, agedMs, isOver))
      this.#metrics.deleted(table, rows ?? 0)
    }
    const open = [...days.values()].flatMap((state: DayState) => state.open)
    if (open.length !== this.#openBefore) this.#report(open, log)
    const left = await listPartitions(connection, TABLES)
    await connection.query(forgetDays([...new Set(left.map(({ dayStartMs }) => nameOfDay(dayStartMs)))]))
    this.#metrics.measure(left, settings, nowMs, open.length)
    failures.throwFirst()
  }

  async #closeDays(
    connection: Connection,
    due: readonly number[],
    detached: ReadonlySet<number>,
    times: Pick<Closing, 'nowMs' | 'readUpToMs'>,
    failures: Failures,
  ): Promise<ReadonlyMap<number, DayState>> {
    const { rows } = await connection.query<DayRow>(readDays())
    const known = new Map(rows.map((row) => [Date.parse(row.day), row]))
    const states = new Map<number, DayState>()
    const isOver = this.#until(WORK_MS_MAX)
    for (const day of due) {
      if (isOver()) break
      const row = known.get(day)
      if (detached.has(day) && !row?.closed_at) continue
      const state = await failures.keep(() => bringOn(day, row, { ...times, connection, isOver }))
      if (state) states.set(day, state)
    }
    return states
  }

  /**
   * A table of which one partition cannot be dropped now is left for the next round, so that the others are not
   * delayed.
   */
  async #drop(connection: Connection, due: readonly Partition[], failures: Failures): Promise<void> {
    const stuck = new Set<string>()
    let dropped = 0
    for (const partition of due) {
      const { table, name } = partition
      if (this.#loop.isStopping || dropped === PARTITIONS_MAX) return
      if (stuck.has(table)) continue
      stuck.add(table)
      await failures.keep(async () => {
        await dropPartition(connection, partition, table === 'ledger' ? carryLedger : undefined)
        stuck.delete(table)
        dropped++
        this.#metrics.dropped(table)
        this.#parts.log.info({ partition: name }, 'partition dropped: its retention has ended')
      })
    }
  }

  #report(open: readonly number[], log: RetentionKeeperParts['log']): void {
    this.#openBefore = open.length
    const fields = { messages: open.length, first: open.slice(0, 5) }
    if (open.length > 0)
      log.error(fields, 'messages are not final although their retention has ended; their days are kept')
    else log.info('all messages beyond their retention are final')
  }

  #until(ms: number): () => boolean {
    const endMs = performance.now() + ms
    return () => this.#loop.isStopping || performance.now() > endMs
  }
}

/** What failed in a round that goes on. */
class Failures {
  readonly #failures: unknown[] = []

  /** Undefined where it failed. */
  async keep<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#failures.push(error)
      return undefined
    }
  }

  throwFirst(): void {
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}
