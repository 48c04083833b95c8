import type { DeadLetterReason } from '../events/dead-letter.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import { EventFormError, eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer } from '../kafka/consumer/consumer.ts'
import { consumerOptions } from '../kafka/consumer/consumer-options.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import { DONE, retryAt, type SettledOutcome } from '../kafka/consumer/outcome.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isDatabaseAway } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { observeConsumer } from '../runtime/observe-kafka.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { applyEvents, ConcurrentChangeError } from './apply-events.ts'
import type { statusSettings } from './config.ts'

const codec = eventCodec(StatusEvent)
const RETRY_MS = 1_000

export interface StatusUpdaterParts {
  readonly settings: Values<typeof statusSettings>
  /** A lasting name of this process as a member of its group; null for none. */
  readonly instanceId: string | null
  readonly pool: Pool
  readonly cluster: Cluster
  /** For dead letters. */
  readonly producer: Producer
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/** A record with its event, or with why it cannot be one. */
interface Read {
  readonly record: ConsumedRecord
  readonly event: StatusEvent | null
  refusal: { reason: DeadLetterReason; error: string } | null
}

/** The role `status`: brings what `sms.status` tells into PostgreSQL and settles the ledger by it. */
export class StatusUpdater implements Service {
  readonly name = 'status'
  readonly #parts: StatusUpdaterParts
  readonly #consumer: Consumer
  readonly #delay

  constructor(parts: StatusUpdaterParts) {
    this.#parts = parts
    const { settings, cluster, log, metrics, instanceId } = parts
    this.#delay = metrics.histogram(
      'smsgw_status_delay_seconds',
      'From a status until PostgreSQL has it, oldest of a batch',
    )
    this.#consumer = new Consumer(
      cluster,
      consumerOptions(
        { groupId: GROUPS.status, topics: [TOPICS.status] },
        { groupInstanceId: instanceId, fetchBytesMin: 1, fetchPauseMs: 150 },
      ),
      inBatches({ handle: (records) => this.#handle(records), recordsMax: settings.STATUS_BATCH_RECORDS_MAX }),
      observeConsumer(log, metrics, GROUPS.status),
    )
  }

  async start(): Promise<void> {
    await this.#consumer.start()
    this.#parts.health.add('status', () => {
      if (this.#consumer.failure) throw this.#consumer.failure
    })
  }

  async stop(): Promise<void> {
    await this.#consumer.stop()
  }

  async #handle(records: readonly ConsumedRecord[]): Promise<readonly SettledOutcome[]> {
    const reads = records.map(read)
    const good = reads.filter(({ event }) => event !== null)
    if (good.length > 0) await this.#apply(good)
    const [oldest] = records
    if (oldest) this.#delay.observe((Date.now() - oldest.timestampMs) / 1_000)
    return Promise.all(reads.map((each) => (each.refusal ? this.#refuse(each) : DONE)))
  }

  /** If the batch cannot be applied, message by message, so that one that is wrong holds up no other. */
  async #apply(reads: readonly Read[]): Promise<void> {
    try {
      const unknown = await applyEvents(
        this.#parts.pool,
        reads.map(({ event }) => event!),
      )
      for (const each of reads) {
        if (unknown.has(each.event!.sms_id)) each.refusal = { reason: 'handler', error: 'there is no such message' }
      }
    } catch (error) {
      if (isDatabaseAway(error) || error instanceof ConcurrentChangeError) throw error
      const messages = [...Map.groupBy(reads, ({ event }) => event!.sms_id).values()]
      if (messages.length > 1) for (const message of messages) await this.#apply(message)
      else for (const each of reads) each.refusal = { reason: 'handler', error: (error as Error).message }
    }
  }

  async #refuse({ record, refusal }: Read): Promise<SettledOutcome> {
    const cause = { ...refusal!, consumerGroup: GROUPS.status }
    const place = { reason: cause.reason, partition: record.partition, offset: record.offset }
    try {
      await this.#parts.producer.send(deadLetterRecord(record, cause, Date.now()))
      this.#parts.log.warn(place, 'a status went to the dead letters')
      return DONE
    } catch (error) {
      this.#parts.log.warn({ err: error, ...place }, 'a dead letter was not published; trying again')
      return retryAt(Date.now() + RETRY_MS)
    }
  }
}

function read(record: ConsumedRecord): Read {
  try {
    return { record, event: codec.decode(record.value), refusal: null }
  } catch (error) {
    if (!(error instanceof EventFormError)) throw error
    return { record, event: null, refusal: { reason: error.reason, error: error.message } }
  }
}
