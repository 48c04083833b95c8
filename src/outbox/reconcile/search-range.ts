import { outboxShard } from '../../domain/outbox-shard.ts'
import { firstSmsIdAt, smsIdTimeMs } from '../../domain/sms-id.ts'
import { deliveryPartition } from '../../events/delivery-partition.ts'
import { isItemFault } from '../../postgres/database-errors.ts'
import type { Connection } from '../../postgres/pool.ts'
import { isolateFailures } from '../../runtime/isolate-failures.ts'
import type { Log } from '../../runtime/log.ts'
import type { Values } from '../../runtime/settings.ts'
import type { outboxSettings } from '../config.ts'
import {
  endWatch,
  giveUp,
  type ReleasedRow,
  readReleased,
  readSilent,
  republish,
  type SilentRow,
  watchOn,
} from './reconcile-statements.ts'
import type { ReconcilerMetrics } from './reconciler-metrics.ts'
import { decideRepublish, type FoundMessage, type RepublishDecision } from './republish-rule.ts'
import type { PipelineView, SettledWatermark } from './settled-watermark.ts'

/** Messages are searched by the ten seconds in which they were accepted. */
export const RANGE_MS = 10_000
const PAGE_ROWS_MAX = 2_000
const NAMED_MAX = 200

export interface SearchParts {
  readonly settings: Values<typeof outboxSettings>
  readonly connection: Connection
  readonly watermark: SettledWatermark
  readonly counts: ReconcilerMetrics
  readonly log: Log
}

/** Searches ranges for lost messages, and has them published again. */
export class SearchRange {
  /** How many messages were put into the outbox again so far. */
  republished = 0
  readonly #parts: SearchParts
  readonly #nowMs: number
  readonly #partitions: number

  constructor(parts: SearchParts, view: PipelineView) {
    this.#parts = parts
    this.#nowMs = view.atMs
    this.#partitions = view.delivery.length
  }

  /** Returns when the oldest message in it without progress was accepted; null if there is none. */
  async range(startMs: number): Promise<number | null> {
    const smsIdEnd = firstSmsIdAt(startMs + RANGE_MS)
    let oldestMs: number | null = null
    let smsIdAfter = firstSmsIdAt(startMs) - 1
    while (true) {
      const { rows } = await this.#parts.connection.query<SilentRow>(readSilent(smsIdAfter, smsIdEnd, PAGE_ROWS_MAX))
      if (rows[0]) oldestMs ??= smsIdTimeMs(rows[0].sms_id)
      await this.#treat(rows.map((row) => this.#toFound(row)))
      if (rows.length < PAGE_ROWS_MAX) return oldestMs
      smsIdAfter = rows.at(-1)!.sms_id
    }
  }

  /** Looks at what was scheduled and released some while ago, a page of it. Returns whether there is more. */
  async released(): Promise<boolean> {
    const { connection, settings } = this.#parts
    const { rows } = await connection.query<ReleasedRow>(readReleased(PAGE_ROWS_MAX))
    if (rows.length === 0) return false
    const silent = rows.filter(({ has_got_on }) => !has_got_on)
    const hopeless = await this.#treat(silent.map((row) => this.#toFound(lastPublished(row))))
    const isOver = ({ sms_id, has_got_on }: ReleasedRow): boolean => has_got_on || hopeless.has(sms_id)
    const { over = [], open = [] } = Object.groupBy(rows, (row) => (isOver(row) ? 'over' : 'open'))
    await connection.query(endWatch(over.map(({ sms_id }) => sms_id)))
    const openIds = open.map(({ sms_id }) => sms_id)
    await connection.query(watchOn(openIds, settings.RECONCILE_AFTER_MS))
    return rows.length === PAGE_ROWS_MAX
  }

  /** Returns those that are given up, now or before. */
  async #treat(messages: readonly FoundMessage[]): Promise<ReadonlySet<number>> {
    const { connection, counts, log, settings, watermark } = this.#parts
    const rules = {
      afterMs: settings.RECONCILE_AFTER_MS,
      stuckAfterMs: settings.RECONCILE_STUCK_AFTER_MS,
      timesMax: settings.RECONCILE_TIMES_MAX,
    }
    const decided = Map.groupBy(messages, (message): RepublishDecision => {
      return decideRepublish(message, watermark, rules, this.#nowMs)
    })
    const again = decided.get('republish') ?? []
    if (again.length > 0) {
      await this.#eachAllowed(again, (some) => connection.query(republish(some)))
      this.republished += again.length
      counts.found.inc(again.length)
      counts.republished.inc(again.length)
      log.warn({ messages: again.length, ...namesOf(again) }, 'lost messages found; republished')
    }
    const hopeless = decided.get('give-up') ?? []
    if (hopeless.length > 0) {
      await this.#eachAllowed(hopeless, (some) => connection.query(giveUp(some.map(({ smsId }) => smsId))))
      counts.found.inc(hopeless.length)
      counts.givenUp.inc(hopeless.length)
      for (let from = 0; from < hopeless.length; from += NAMED_MAX) {
        const named = hopeless.slice(from, from + NAMED_MAX)
        log.error(namesOf(named), 'lost messages still pending after the last republish; giving up')
      }
    }
    return new Set([...hopeless, ...(decided.get('leave') ?? [])].map(({ smsId }) => smsId))
  }

  /** Writes about messages together; one that PostgreSQL refuses is named in the log and left as it is. */
  async #eachAllowed(
    messages: readonly FoundMessage[],
    write: (some: readonly FoundMessage[]) => Promise<unknown>,
  ): Promise<void> {
    await isolateFailures(messages, {
      apply: async (some) => {
        await write(some)
        return some
      },
      isItemFault,
      isolated: (message, error) => {
        this.#parts.log.error({ err: error, sms_id: message.smsId }, 'lost message cannot be republished; skipped')
        return message
      },
    })
  }

  #toFound(row: SilentRow): FoundMessage {
    const { DELIVERY_KEY, DELIVERY_EXPRESS_PARTITIONS: expressPartitions } = this.#parts.settings
    const key = DELIVERY_KEY === 'customer' ? row.customer_id : row.operator
    return {
      smsId: row.sms_id,
      acceptedMs: row.accepted_at?.getTime() ?? smsIdTimeMs(row.sms_id),
      shard: outboxShard(row.customer_id),
      partition: deliveryPartition(key, row.priority, { partitions: this.#partitions, expressPartitions }),
      movedAtMs: row.moved_at?.getTime() ?? null,
      republished: row.republished_at && {
        outboxSeq: row.outbox_seq!,
        times: row.times!,
        atMs: row.republished_at.getTime(),
      },
      isGivenUp: row.given_up_at !== null,
    }
  }
}

/** A release is the first time that a message was published, unless it was published again since. */
function lastPublished(row: ReleasedRow): SilentRow {
  if (row.republished_at && row.republished_at > row.released_at) return row
  return { ...row, outbox_seq: row.release_seq, republished_at: row.released_at, times: row.times ?? 0 }
}

function namesOf(messages: readonly FoundMessage[]): { smsIds: number[] } {
  return { smsIds: messages.slice(0, NAMED_MAX).map(({ smsId }) => smsId) }
}
