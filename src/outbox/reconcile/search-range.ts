import { outboxShard } from '../../domain/outbox-shard.ts'
import { firstSmsIdAt, smsIdTimeMs } from '../../domain/sms-id.ts'
import { deliveryPartition } from '../../events/delivery-partition.ts'
import type { Connection } from '../../postgres/pool.ts'
import type { Log } from '../../runtime/log.ts'
import type { Values } from '../../runtime/settings.ts'
import type { outboxSettings } from '../config.ts'
import { giveUp, readSilent, republish, type SilentRow } from './reconcile-statements.ts'
import type { ReconcilerMetrics } from './reconciler-metrics.ts'
import { decideRepublish, type FoundMessage, type RepublishDecision } from './republish-rule.ts'
import type { PipelineView, SettledWatermark } from './settled-watermark.ts'

/** Messages are looked through by the ten seconds in which they were accepted. */
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

/** Looks ranges through for lost messages, and has them published again. */
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

  /** Returns when the oldest message in it was accepted that has not got on; null if all have. */
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

  async #treat(messages: readonly FoundMessage[]): Promise<void> {
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
      await connection.query(republish(again))
      this.republished += again.length
      counts.found.inc(again.length)
      counts.republished.inc(again.length)
      log.warn({ messages: again.length, ...namesOf(again) }, 'messages were lost on their way and are published again')
    }
    const hopeless = decided.get('give-up') ?? []
    if (hopeless.length > 0) {
      await connection.query(giveUp(hopeless.map(({ smsId }) => smsId)))
      counts.found.inc(hopeless.length)
      counts.givenUp.inc(hopeless.length)
      for (let from = 0; from < hopeless.length; from += NAMED_MAX) {
        const named = hopeless.slice(from, from + NAMED_MAX)
        log.error(namesOf(named), 'messages were published again as often as allowed, and nothing came of it')
      }
    }
  }

  #toFound(row: SilentRow): FoundMessage {
    const { DELIVERY_KEY, DELIVERY_EXPRESS_PARTITIONS: expressPartitions } = this.#parts.settings
    const key = DELIVERY_KEY === 'customer' ? row.customer_id : row.operator
    return {
      smsId: row.sms_id,
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

function namesOf(messages: readonly FoundMessage[]): { smsIds: number[] } {
  return { smsIds: messages.slice(0, NAMED_MAX).map(({ smsId }) => smsId) }
}
