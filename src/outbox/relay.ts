import { deliveryPartition, placeTask } from '../events/delivery-partition.ts'
import { decodePayload } from '../events/outbox-payload.ts'
import { TOPICS } from '../events/topics.ts'
import { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { WakeSignal } from '../runtime/wake-signal.ts'
import { claimBatch, type OutboxRow, removePublished } from './claim-batch.ts'
import { ClaimCursor, type ClaimPlace } from './claim-cursor.ts'
import type { outboxSettings } from './config.ts'
import { messageEvents } from './message-events.ts'
import { type FaultyRow, isRowFault, MissingMessageError, refuseRows } from './refuse-rows.ts'
import { ScheduleRelease } from './schedule/schedule-release.ts'
import { ShardLeases } from './shard-leases.ts'

const BALANCE_MS = 2_000
/** Rounds of fewer rows cost more in statements than in rows. */
const FEW_ROWS = 100
/** How long a round goes on while there is more; then it looks again for rows that became visible late. */
const ROUND_MS = 1_000
/** Rows moved to `outbox_refused` in a minute, while most are published. */
const REFUSED_MAX = 100

export interface RelayParts {
  readonly settings: Values<typeof outboxSettings>
  readonly pool: Pool
  readonly producer: Pick<Producer, 'send' | 'partitionsOf'>
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * Carries the outbox to Kafka, and what was scheduled into the outbox when it is due.
 *
 * A batch is the oldest rows of its shards: they are claimed, published, and removed when Kafka has acknowledged them.
 * Only when all of a batch is acknowledged is the next one published, though it is claimed meanwhile, and the former
 * removed. So the rows of a customer are published in order: if one is not acknowledged, none after it in its partition
 * is either, the other claimed rows are released, and the next round starts with that row. A relay that dies between
 * publishing and removing leaves rows that are published again, under the same ids.
 *
 * A row that can never be published is moved to `outbox_refused` and blocks no other; unless they are many, as then the
 * relay is at fault, and they stay.
 */
export class Relay implements Service {
  readonly name = 'relay'
  readonly #parts: RelayParts
  readonly #signal = new WakeSignal()
  readonly #published
  readonly #delay
  readonly #refused
  readonly #schedule: ScheduleRelease
  readonly #failure: RepeatedFailure
  readonly #brake = new DeadLetterBrake(() => {}, { deadLettersMax: REFUSED_MAX })
  #loop: Promise<void> | null = null
  #stopping = false

  constructor(parts: RelayParts) {
    this.#parts = parts
    this.#failure = new RepeatedFailure({ what: 'outbox relay', log: parts.log, waitMsFirst: 100, waitMsMax: 2_000 })
    this.#refused = parts.metrics.counter(
      'smsgw_outbox_refused_total',
      'Outbox rows that could not be published and were moved to outbox_refused',
    )
    this.#published = parts.metrics.counter('smsgw_outbox_published_total', 'Messages published from the outbox')
    this.#delay = parts.metrics.histogram(
      'smsgw_outbox_delay_seconds',
      'From acceptance until Kafka acknowledged the oldest message of a batch',
    )
    this.#schedule = new ScheduleRelease(parts.settings, parts.metrics)
  }

  /** There may be rows: do not sleep on. */
  wake(): void {
    this.#signal.wake()
  }

  async start(): Promise<void> {
    this.#parts.health.add('outbox', this.#failure.check)
    this.#loop ??= this.#run()
  }

  /** Finishes the round under way. The remaining rows stay in the outbox. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#signal.wake()
    await this.#loop
  }

  /** Works on one connection, which holds the shards; if it breaks, they are another's, and it starts anew. */
  async #run(): Promise<void> {
    while (!this.#stopping) {
      let connection: Connection | undefined
      let broken: Error | undefined
      try {
        connection = await this.#parts.pool.connect()
        await this.#work(connection)
      } catch (error) {
        broken = error as Error
        const waitMs = this.#failure.failed(error)
        if (!this.#stopping) await this.#signal.sleep(waitMs)
      } finally {
        connection?.release(broken ?? true)
      }
    }
  }

  async #work(connection: Connection): Promise<void> {
    const leases = new ShardLeases(connection)
    const cursor = new ClaimCursor()
    await leases.announce()
    // Times of this loop are monotonic: a clock that is set back must not stop it until the old time comes again.
    let balancedAtMs = Number.NEGATIVE_INFINITY
    while (!this.#stopping) {
      if (performance.now() - balancedAtMs >= BALANCE_MS) {
        if (await leases.balance()) {
          cursor.reset()
          this.#schedule.lookNow()
          this.#parts.log.info({ shards: leases.owned.length }, 'outbox shards acquired')
        }
        balancedAtMs = performance.now()
      }
      const published = leases.owned.length > 0 ? await this.#round(connection, cursor, leases.owned) : 0
      // Behind a round, as what is due must not fill the outbox while Kafka takes nothing.
      if ((await this.#schedule.release(connection, leases.owned, performance.now())) > 0) continue
      if (published === 0) await this.#signal.sleep(this.#parts.settings.OUTBOX_POLL_MS)
      else if (published < FEW_ROWS) await sleep(this.#parts.settings.OUTBOX_GATHER_MS)
    }
  }

  /** Publishes batch by batch while there is more. Returns how many rows. Throws when none of a batch could be. */
  async #round(connection: Connection, cursor: ClaimCursor, shards: readonly number[]): Promise<number> {
    const endMs = performance.now() + ROUND_MS
    let published = 0
    let removing: Promise<void> | undefined
    let rows = await this.#claim(connection, cursor, cursor.begin(shards, performance.now()))
    while (rows.length > 0) {
      const goesOn = this.#isFull(rows) && performance.now() < endMs && !this.#stopping
      const claiming = goesOn ? this.#claim(connection, cursor, cursor.continue(shards)) : undefined
      // Both are heard below; until then a failure must not count as unheard.
      claiming?.catch(() => {})
      const { done, faulty, refusal } = await this.#publishAll(rows)
      published += done.length
      await removing
      removing = done.length > 0 ? removePublished(connection, done) : undefined
      removing?.catch(() => {})
      if (faulty.length > 0) await this.#refuseRows(connection, faulty)
      if (refusal) {
        await Promise.all([claiming, removing])
        cursor.reset()
        if (done.length === 0) throw refusal
        this.#failure.failed(refusal, { rows: rows.length - done.length - faulty.length })
        return published
      }
      rows = (await claiming) ?? []
    }
    await removing
    this.#failure.succeeded()
    return published
  }

  async #claim(connection: Connection, cursor: ClaimCursor, places: readonly ClaimPlace[]): Promise<OutboxRow[]> {
    const beganMs = performance.now()
    const rows = await claimBatch(connection, places, this.#parts.settings.OUTBOX_ROWS_PER_SHARD_MAX)
    cursor.claimed(rows, performance.now() - beganMs)
    return rows
  }

  /** Whether some shard has as many rows as could be claimed of it, and so likely more. */
  #isFull(rows: readonly OutboxRow[]): boolean {
    const counts = new Map<number, number>()
    for (const { shard } of rows) counts.set(shard, (counts.get(shard) ?? 0) + 1)
    return Math.max(...counts.values()) >= this.#parts.settings.OUTBOX_ROWS_PER_SHARD_MAX
  }

  /** Rows that Kafka acknowledged, those that it never will, and why it did not the others. */
  async #publishAll(rows: readonly OutboxRow[]): Promise<{ done: OutboxRow[]; faulty: FaultyRow[]; refusal?: Error }> {
    const results = await Promise.allSettled(rows.map((row) => this.#publish(row)))
    const done = rows.filter((_, index) => results[index]!.status === 'fulfilled')
    const nowMs = performance.now()
    if (done.length > 0) this.#brake.succeeded(done.length, nowMs)
    const faulty: FaultyRow[] = []
    let refusal: Error | undefined
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') continue
      const { message: cause } = result.reason as Error
      if (isRowFault(result.reason) && this.#brake.allows(cause, nowMs)) faulty.push({ row: rows[index]!, cause })
      else refusal ??= result.reason
    }
    this.#observe(rows, done)
    return refusal ? { done, faulty, refusal } : { done, faulty }
  }

  async #refuseRows(connection: Connection, faulty: readonly FaultyRow[]): Promise<void> {
    await connection.query(refuseRows(faulty))
    this.#refused.inc(faulty.length)
    for (const { row, cause } of faulty) {
      this.#parts.log.error(
        { sms_id: row.sms_id, shard: row.shard, cause },
        'outbox row cannot be published; moved to outbox_refused',
      )
    }
  }

  async #publish(row: OutboxRow): Promise<void> {
    const { producer, settings } = this.#parts
    const { message } = row
    const partitions = producer.partitionsOf(TOPICS.delivery)
    const layout = { partitions, expressPartitions: settings.DELIVERY_EXPRESS_PARTITIONS }
    if (row.payload !== null) return void (await producer.send(placeTask(decodePayload(row.payload), layout)))
    if (message === null) throw new MissingMessageError('its message is not stored any more')
    const [accepted, task] = messageEvents(message, settings.DELIVERY_KEY)
    const partition = deliveryPartition(task.key, message.priority, layout)
    const placed = { ...task, partition }
    if (row.carries !== null) return void (await producer.send(row.carries === 'task' ? placed : accepted))
    await Promise.all([producer.send(accepted), producer.send(placed)])
  }

  /** What is scheduled counts when its task is published: then it is to be sent, and not before. */
  #observe(rows: readonly OutboxRow[], published: readonly OutboxRow[]): void {
    this.#published.inc(published.filter(({ message, carries }) => message && carries !== 'accepted').length)
    let oldestMs = Date.now()
    for (const { message, carries } of rows) {
      if (message && carries !== 'task') oldestMs = Math.min(oldestMs, message.accepted_at.getTime())
    }
    this.#delay.observe(Math.max(0, Date.now() - oldestMs) / 1_000)
  }
}
