import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import { dropPartition, finishDetaching, listPartitions, type Partition } from '../../postgres/drop-partition.ts'
import { LeaderLoop } from '../../postgres/leader-loop.ts'
import { PARTITIONED_TABLES } from '../../postgres/partitioned-tables.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import type { Health } from '../../runtime/health.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import type { Service } from '../../runtime/service.ts'
import { bringOn, type DayState } from './close-days.ts'
import { carryLedger, type DayRow, forgetDay, readDays } from './day-statements.ts'
import { deleteRows } from './delete-rows.ts'
import { daysToClose, duePartitions } from './due-partitions.ts'
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
}

/**
 * Drops what PostgreSQL has kept for as long as the settings say: whole days of the large tables, rows of the others. A
 * day of messages goes when all of them are final and everyone has read what was published of them. Of all processes one
 * does it, in rounds of bounded work, without a lock that accepting or sending would wait for.
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

  /** Throws the first failure, when everything else of the round is done. */
  async round(connection: Connection): Promise<void> {
    const { settings, readUpTo, log, nowMs: now = readDatabaseMs } = this.#parts
    const nowMs = await now(connection)
    const failures: unknown[] = []
    const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> =>
      work().catch((error: unknown) => {
        failures.push(error)
        return otherwise
      })
    const before = await finishDetaching(connection, await listPartitions(connection, TABLES))
    const readUpToMs = await attempt(() => readUpTo.look(nowMs), 0)
    const days = await attempt(() => this.#closeDays(connection, before, nowMs, readUpToMs), new Map())
    const closed = new Set([...days].flatMap(([day, { kind }]) => (kind === 'closed' ? [day] : [])))
    for (const partition of duePartitions(before, settings, nowMs, closed).slice(0, PARTITIONS_MAX)) {
      if (this.#loop.isStopping) break
      await attempt(() => this.#drop(connection, partition), undefined)
    }
    const isOver = this.#until(WORK_MS_MAX)
    this.#metrics.deleted(await attempt(() => deleteRows(connection, settings, nowMs, isOver), new Map()))
    const open = [...days.values()].flatMap((state: DayState) => state.open)
    if (open.length !== this.#openBefore) this.#report(open, log)
    const left = await listPartitions(connection, TABLES)
    await this.#forgetDays(connection, closed, left)
    this.#metrics.measure(left, settings, nowMs, open.length)
    if (failures.length > 0) throw failures[0]
  }

  async #closeDays(
    connection: Connection,
    partitions: readonly Partition[],
    nowMs: number,
    readUpToMs: number,
  ): Promise<ReadonlyMap<number, DayState>> {
    const { rows } = await connection.query<DayRow>(readDays())
    const known = new Map(rows.map((row) => [Date.parse(row.day), row]))
    const states = new Map<number, DayState>()
    const isOver = this.#until(WORK_MS_MAX)
    for (const day of daysToClose(partitions, this.#parts.settings, nowMs)) {
      if (isOver()) break
      states.set(day, await bringOn(day, known.get(day), { connection, nowMs, readUpToMs, isOver }))
    }
    return states
  }

  async #drop(connection: Connection, partition: Partition): Promise<void> {
    await dropPartition(connection, partition, partition.table === 'ledger' ? carryLedger : undefined)
    this.#metrics.dropped(partition.table)
    this.#parts.log.info({ partition: partition.name }, 'partition dropped: its retention has ended')
  }

  async #forgetDays(connection: Connection, closed: ReadonlySet<number>, left: readonly Partition[]): Promise<void> {
    const kept = new Set(left.map(({ dayStartMs }) => dayStartMs))
    for (const day of closed) {
      if (!kept.has(day)) await connection.query(forgetDay(new Date(day).toISOString().slice(0, 10)))
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
