import type { Producer } from '../kafka/producer/producer.ts'
import type { Connection, Pool } from '../postgres/pool.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { WakeSignal } from '../runtime/wake-signal.ts'
import { claimBatch, type OutboxRow, removePublished } from './claim-batch.ts'
import type { outboxSettings } from './config.ts'
import { messageEvents } from './message-events.ts'
import { ShardLeases } from './shard-leases.ts'

const BALANCE_MS = 2_000
/** Rounds of fewer rows cost more in statements than in rows. */
const FEW_ROWS = 100

export interface RelayParts {
  readonly settings: Values<typeof outboxSettings>
  readonly pool: Pool
  readonly producer: Producer
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * Carries the outbox to Kafka.
 *
 * One round claims the oldest rows of its shards, publishes them, and removes what Kafka acknowledged; only then
 * does the next begin. So the rows of a customer are published in order: if one is not acknowledged, none after it in
 * its partition is either, and the next round starts with it. A relay that dies between publishing and removing leaves
 * rows that are published again, under the same ids.
 */
export class Relay implements Service {
  readonly name = 'relay'
  readonly #parts: RelayParts
  readonly #signal = new WakeSignal()
  readonly #published
  readonly #delay
  #loop: Promise<void> | null = null
  #stopping = false
  #failures = 0

  constructor(parts: RelayParts) {
    this.#parts = parts
    this.#published = parts.metrics.counter('smsgw_outbox_published_total', 'Messages published from the outbox')
    this.#delay = parts.metrics.histogram(
      'smsgw_outbox_delay_seconds',
      'From acceptance until Kafka acknowledged the oldest message of a round',
    )
  }

  /** There may be rows: do not sleep on. */
  wake(): void {
    this.#signal.wake()
  }

  async start(): Promise<void> {
    this.#loop ??= this.#run()
  }

  /** Finishes the round under way. What is left waits in the outbox. */
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
        this.#failures++
        this.#parts.log.warn({ err: error, failures: this.#failures }, 'the outbox could not be relayed; trying again')
        await this.#signal.sleep(backoffMs(this.#failures, 100, 5_000))
      } finally {
        connection?.release(broken ?? true)
      }
    }
  }

  async #work(connection: Connection): Promise<void> {
    const leases = new ShardLeases(connection)
    await leases.announce()
    let balancedAtMs = 0
    while (!this.#stopping) {
      if (Date.now() - balancedAtMs >= BALANCE_MS) {
        if (await leases.balance()) this.#parts.log.info({ shards: leases.owned.length }, 'owns shards of the outbox')
        balancedAtMs = Date.now()
      }
      const published = await this.#round(connection, leases.owned)
      if (published === 0) await this.#signal.sleep(this.#parts.settings.OUTBOX_POLL_MS)
      else if (published < FEW_ROWS) await sleep(this.#parts.settings.OUTBOX_GATHER_MS)
    }
  }

  /** Returns how many rows were published. Throws when none of those that wait could be. */
  async #round(connection: Connection, shards: readonly number[]): Promise<number> {
    if (shards.length === 0) return 0
    const rows = await claimBatch(connection, shards, this.#parts.settings.OUTBOX_ROWS_PER_SHARD_MAX)
    if (rows.length === 0) return 0
    const results = await Promise.allSettled(rows.map((row) => this.#publish(row)))
    const done = rows.filter((_, index) => results[index]!.status === 'fulfilled')
    if (done.length > 0) await removePublished(connection, done)
    this.#observe(rows, done.length)
    const refused = results.find((result) => result.status === 'rejected')
    if (refused && done.length === 0) throw refused.reason
    if (refused)
      this.#parts.log.warn({ err: refused.reason, rows: rows.length - done.length }, 'rows stay in the outbox')
    this.#failures = 0
    return done.length
  }

  async #publish(row: OutboxRow): Promise<void> {
    const [accepted, task] = messageEvents(row, this.#parts.settings.DELIVERY_KEY)
    const { producer } = this.#parts
    await Promise.all([producer.send(accepted), producer.send(task)])
  }

  #observe(rows: readonly OutboxRow[], published: number): void {
    this.#published.inc(published)
    const oldestMs = Math.min(...rows.map(({ message }) => message.accepted_at.getTime()))
    this.#delay.observe((Date.now() - oldestMs) / 1_000)
  }
}
