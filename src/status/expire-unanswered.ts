import type { OpenRanges } from '../domain/open-ranges.ts'
import { SEND_AHEAD_DAYS_LIMIT, VALID_DAYS_MAX } from '../domain/send-time.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import { hasPassed, readProgress } from '../kafka/admin/read-progress.ts'
import type { BrokerConnections, Cluster } from '../kafka/cluster/cluster.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import { RECEIPT_DAYS_LIMIT } from '../operators/operator-schema.ts'
import { readDatabaseMs } from '../postgres/clock-skew.ts'
import { LeaderLoop } from '../postgres/leader-loop.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { writeRanges } from '../tables/range-progress.ts'
import type { statusSettings } from './config.ts'
import { dropReceived } from './drop-received.ts'
import { SearchUnanswered } from './search-unanswered.ts'
import { readWatchRanges, WATCH_PROGRESS_TABLE } from './watch-ranges.ts'

const WATCH_LOCK = 7_306_006
const DAY_MS = 86_400_000
/** From its acceptance until the last receipt of a message that was scheduled may come, and be looked for. */
const WATCHED_DAYS = SEND_AHEAD_DAYS_LIMIT + VALID_DAYS_MAX + RECEIPT_DAYS_LIMIT + 1
const RANGE_MS = 60_000
/** Of each period, the share that may go into looking through ranges. */
const SEARCH_SHARE = 0.2
const RANGES_ADDED_MAX = 10_000
const DROP_PERIOD_MS = 3_600_000

export interface ExpireUnansweredParts {
  readonly settings: Values<typeof statusSettings>
  readonly pool: Pool
  readonly cluster: Cluster
  readonly producer: Producer
  readonly receiptTimeoutMs: (operator: string) => number
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
  readonly rangeMs?: number
}

/** What was on its way when the probe set out is applied when all status updaters have passed these offsets. */
interface Probe {
  readonly atMs: number
  readonly targetOffsets: readonly number[]
}

/**
 * Watches messages that were sent and have no final status: without a receipt in time they become `unknown`; where a
 * receipt is stored and its status was lost by Kafka, that is published again. Of all processes one does it, on a
 * connection that holds the lock. Messages are looked through by the minute of their acceptance (`open-ranges.ts`):
 * after a minute, then after twice as long each time, and when the first of them is due.
 */
export class ExpireUnanswered implements Service {
  readonly name = 'receipt-watch'
  readonly #parts: ExpireUnansweredParts
  readonly #rangeMs: number
  readonly #published
  readonly #connections: BrokerConnections
  readonly #failure: RepeatedFailure
  readonly #loop: LeaderLoop
  #probe: Probe | null = null
  #appliedMs = 0
  #droppedAtMs = 0

  constructor(parts: ExpireUnansweredParts) {
    this.#parts = parts
    this.#rangeMs = parts.rangeMs ?? RANGE_MS
    this.#connections = parts.cluster.connections()
    this.#published = parts.metrics.counter(
      'smsgw_receipts_made_good_total',
      'Statuses published because no receipt came, or because the status of one was lost',
      ['status'],
    )
    this.#failure = new RepeatedFailure({ what: 'search for messages without a receipt', log: parts.log })
    this.#loop = new LeaderLoop({
      pool: parts.pool,
      lock: WATCH_LOCK,
      periodMs: parts.settings.RECEIPT_WATCH_PERIOD_MS,
      begin: async (connection) => {
        const afterMs = parts.settings.RECEIPT_WATCH_AFTER_MS
        const ranges = await readWatchRanges(connection, { rangeMs: this.#rangeMs, afterMs, revisitShare: 1 })
        return () => this.#round(connection, ranges)
      },
      failure: this.#failure,
    })
  }

  async start(): Promise<void> {
    this.#parts.health.add('receipt-watch', this.#failure.check)
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#connections.close()
  }

  async #round(connection: Connection, ranges: OpenRanges): Promise<void> {
    const { settings, receiptTimeoutMs, log } = this.#parts
    const nowMs = await this.#look(connection)
    ranges.extend(nowMs, RANGES_ADDED_MAX)
    const forgotten = ranges.forget(nowMs - WATCHED_DAYS * DAY_MS)
    if (forgotten.length > 0) log.error({ ranges: forgotten.length }, 'receipt watch window exceeded; giving up')
    // A worker that stores a receipt publishes it at once; one that is still unpublished after so long is lost.
    const appliedMs = this.#appliedMs - settings.RECEIPT_WATCH_AFTER_MS / 10
    const rules = { receiptTimeoutMs, appliedMs, nowMs }
    const search = new SearchUnanswered({
      ...this.#parts,
      connection,
      rules,
      published: (status) => this.#published.inc({ status }),
    })
    const endMs = performance.now() + settings.RECEIPT_WATCH_PERIOD_MS * SEARCH_SHARE
    for (const startMs of ranges.due(nowMs, Number.POSITIVE_INFINITY)) {
      const { oldestMs, dueMs } = await search.range(startMs, startMs + this.#rangeMs)
      ranges.visited(startMs, oldestMs, nowMs, dueMs)
      if (this.#loop.isStopping || performance.now() > endMs) break
    }
    await writeRanges(connection, WATCH_PROGRESS_TABLE, ranges)
    await this.#drop(connection, nowMs)
  }

  /** Returns the database's time. */
  async #look(connection: Connection): Promise<number> {
    const atMs = await readDatabaseMs(connection)
    const progress = await readProgress(this.#parts.cluster, this.#connections, TOPICS.status, GROUPS.status)
    const { targetOffsets, atMs: sinceMs } = this.#probe ?? { targetOffsets: [], atMs: 0 }
    if (progress.every((each, partition) => hasPassed(each, targetOffsets[partition] ?? 0))) {
      this.#appliedMs = sinceMs
      this.#probe = { atMs, targetOffsets: progress.map(({ endOffset }) => endOffset) }
    }
    return atMs
  }

  async #drop(connection: Connection, nowMs: number): Promise<void> {
    if (nowMs - this.#droppedAtMs < DROP_PERIOD_MS) return
    const isDone = await dropReceived(connection, this.#parts.settings, () => this.#loop.isStopping)
    if (isDone) this.#droppedAtMs = nowMs
  }
}
