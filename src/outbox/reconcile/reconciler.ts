import { OpenRanges } from '../../domain/open-ranges.ts'
import { smsIdTimeMs } from '../../domain/sms-id.ts'
import { GROUPS, TOPICS } from '../../events/topics.ts'
import { readProgress } from '../../kafka/admin/read-progress.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { LeaderLoop } from '../../postgres/leader-loop.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import type { Health } from '../../runtime/health.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import type { Service } from '../../runtime/service.ts'
import type { Values } from '../../runtime/settings.ts'
import { readRanges, writeRanges } from '../../tables/range-progress.ts'
import type { outboxSettings } from '../config.ts'
import { countRefused, forgetRefused } from '../refuse-rows.ts'
import { forgetRepublications, readHeads, readOldestMessage } from './reconcile-statements.ts'
import { ReconcilerMetrics } from './reconciler-metrics.ts'
import { RANGE_MS, SearchRange } from './search-range.ts'
import { type PipelineView, SettledWatermark } from './settled-watermark.ts'

const RECONCILER_LOCK = 7_306_005
const PROGRESS_TABLE = 'reconciler_progress'
const DAY_MS = 86_400_000
/** Of each period, the share that may go into looking through ranges. */
const SEARCH_SHARE = 0.1
const RANGES_ADDED_MAX = 10_000
/**
 * Ids carry the time of the process that gave them: behind one whose clock is late a range fills when it has long been
 * looked through. So each is looked through once more, so much later.
 */
const CLOCKS_APART_MS_MAX = 15 * 60_000
/** Published again in one period: a lost topic comes back at a pace that leaves room for what is new. */
const REPUBLISHED_MAX = 20_000

export interface ReconcilerParts {
  readonly settings: Values<typeof outboxSettings>
  readonly pool: Pool
  readonly cluster: Cluster
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * Finds messages whose records Kafka has lost, and puts them into the outbox again under the same ids. Of all relays
 * one does it, on a connection that holds the lock; if that breaks, the next leader resumes from the table of progress.
 * `settled-watermark.ts` decides what is lost and what is only late; `open-ranges.ts`, where to search.
 */
export class Reconciler implements Service {
  readonly name = 'reconciler'
  readonly #parts: ReconcilerParts
  readonly #metrics: ReconcilerMetrics
  readonly #connections: BrokerConnections
  readonly #failure: RepeatedFailure
  readonly #loop: LeaderLoop

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#metrics = new ReconcilerMetrics(parts.metrics)
    this.#connections = parts.cluster.connections()
    this.#failure = new RepeatedFailure({ what: 'search for lost messages', log: parts.log })
    this.#loop = new LeaderLoop({
      pool: parts.pool,
      lock: RECONCILER_LOCK,
      periodMs: parts.settings.RECONCILE_PERIOD_MS,
      begin: async (connection) => {
        parts.log.info('reconciler started')
        const watermark = new SettledWatermark(parts.settings.RECONCILE_AFTER_MS)
        const ranges = await this.#readRanges(connection)
        const late = this.#lateRanges(ranges)
        return () => this.#round(connection, watermark, ranges, late)
      },
      ended: () => this.#metrics.measure(null),
      failure: this.#failure,
    })
  }

  async start(): Promise<void> {
    this.#parts.health.add('reconciler', this.#failure.check)
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#connections.close()
  }

  /** From where the last one stopped; at first, from the oldest message within the search window. */
  async #readRanges(connection: Connection): Promise<OpenRanges> {
    const { RECONCILE_AFTER_MS, RECONCILE_DAYS } = this.#parts.settings
    const rules = { rangeMs: RANGE_MS, afterMs: RECONCILE_AFTER_MS, revisitShare: 0.25 }
    const known = await readRanges(connection, PROGRESS_TABLE, rules)
    if (known) return known
    // The clock that `view.atMs` is read from, not this machine's.
    const clock = await connection.query<{ now: Date }>('SELECT clock_timestamp() AS now')
    const nowMs = clock.rows[0]!.now.getTime()
    const oldest = await connection.query<{ sms_id: number }>(readOldestMessage(nowMs - RECONCILE_DAYS * DAY_MS))
    const firstMs = oldest.rows[0] ? smsIdTimeMs(oldest.rows[0].sms_id) : nowMs - RECONCILE_AFTER_MS
    return new OpenRanges(rules, Math.min(firstMs, nowMs - RECONCILE_AFTER_MS), [])
  }

  /** For the second look; not stored, as the first one after a restart comes late as well. */
  #lateRanges(ranges: OpenRanges): OpenRanges {
    const afterMs = this.#parts.settings.RECONCILE_AFTER_MS + CLOCKS_APART_MS_MAX
    const rules = { rangeMs: RANGE_MS, afterMs, revisitShare: 0.25 }
    return new OpenRanges(rules, ranges.progress.nextMs - CLOCKS_APART_MS_MAX, [])
  }

  async #round(
    connection: Connection,
    watermark: SettledWatermark,
    ranges: OpenRanges,
    late: OpenRanges,
  ): Promise<void> {
    const { settings } = this.#parts
    const view = await this.#look(connection)
    watermark.observe(view)
    ranges.extend(view.atMs, RANGES_ADDED_MAX)
    await this.#forget(connection, ranges, view.atMs - settings.RECONCILE_DAYS * DAY_MS)
    const search = new SearchRange({ ...this.#parts, connection, watermark, counts: this.#metrics }, view)
    const endMs = performance.now() + settings.RECONCILE_PERIOD_MS * SEARCH_SHARE
    for (const startMs of ranges.due(view.atMs, watermark.settledMs)) {
      if (this.#loop.isStopping || search.republished >= REPUBLISHED_MAX || performance.now() > endMs) break
      ranges.visited(startMs, await search.range(startMs), view.atMs)
    }
    late.extend(view.atMs, RANGES_ADDED_MAX)
    for (const startMs of late.due(view.atMs, watermark.settledMs)) {
      if (this.#loop.isStopping || search.republished >= REPUBLISHED_MAX || performance.now() > endMs) break
      const oldestMs = await search.range(startMs)
      late.visited(startMs, null, view.atMs)
      if (oldestMs !== null) ranges.visited(startMs, oldestMs, view.atMs)
    }
    while (!this.#loop.isStopping && search.republished < REPUBLISHED_MAX && (await search.released())) {
      if (performance.now() > endMs) break
    }
    await writeRanges(connection, PROGRESS_TABLE, ranges)
    const openRanges = ranges.progress.openMs.length
    this.#metrics.measure({ oldestMs: ranges.oldestMs, settledMs: watermark.settledMs, openRanges })
  }

  /** In the order that the watermark asks for: each end is read after what leads to it. */
  async #look(connection: Connection): Promise<PipelineView> {
    const { rows } = await connection.query<{
      read_at: Date
      shard: number
      seq: number | null
      sms_id: number | null
      accepted_at: Date | null
    }>(readHeads())
    const { cluster } = this.#parts
    const delivery = await readProgress(cluster, this.#connections, TOPICS.delivery, GROUPS.delivery)
    const status = await readProgress(cluster, this.#connections, TOPICS.status, GROUPS.status)
    return {
      atMs: rows[0]!.read_at.getTime(),
      heads: rows
        .filter(({ seq }) => seq !== null)
        .map(({ shard, seq, sms_id, accepted_at }) => {
          return { shard, seq: seq!, acceptedMs: accepted_at?.getTime() ?? smsIdTimeMs(sms_id!) }
        }),
      delivery,
      status,
    }
  }

  async #forget(connection: Connection, ranges: OpenRanges, beforeMs: number): Promise<void> {
    const { rows } = await connection.query<{ rows: number }>(countRefused())
    this.#metrics.refused.set(rows[0]!.rows)
    if (rows[0]!.rows > 0) await connection.query(forgetRefused(this.#parts.settings.OUTBOX_REFUSED_DAYS))
    const forgotten = ranges.forget(beforeMs)
    if (forgotten.length === 0) return
    await connection.query(forgetRepublications(beforeMs))
    const fromAt = new Date(Math.min(...forgotten)).toISOString()
    this.#parts.log.error({ ranges: forgotten.length, fromAt }, 'reconcile window exceeded; giving up')
  }
}
