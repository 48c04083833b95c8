import { addConsumerHealth } from '../consumer-role/add-consumer-health.ts'
import { observedBrake } from '../consumer-role/observe-brake.ts'
import { type ObservedConsumer, observeConsumer } from '../consumer-role/observe-kafka.ts'
import type { DeadLetterReason } from '../events/dead-letter.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer } from '../kafka/consumer/consumer.ts'
import { consumerOptions } from '../kafka/consumer/consumer-options.ts'
import { inLanes } from '../kafka/consumer/handling.ts'
import { deadLetters, type PublishDeadLetter } from '../kafka/middleware/dead-letter.ts'
import type { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import { retry } from '../kafka/middleware/retry.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import { isItemFault } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import type { webhookSettings } from './config.ts'
import { createDelivery, type Delivery } from './create-delivery.ts'
import { measureDeliveries } from './measure-deliveries.ts'
import { BacklogWatch } from './watch-backlogs.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const RECORDS_PER_PARTITION_MAX = 5_000
/**
 * More than there are records in flight, which are bounded. A handler that waits for the database to store its event costs
 * no more than its record, and requests have bounds of their own; with fewer, a burst that is being stored would keep
 * the records behind it from being posted.
 */
const HANDLERS_MAX = 1_000_000
/** A record is handled within seconds unless the database stalls; only a slip of ours could block a partition for so long. */
const HEAD_CROWDED_MS_MAX = 60_000

export interface WebhookDispatcherParts {
  readonly settings: Values<typeof webhookSettings>
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

/** The role `webhooks`: posts status events to the endpoints of customers. */
export class WebhookDispatcher implements Service {
  readonly name = 'webhooks'
  readonly #parts: WebhookDispatcherParts
  readonly #observer: ObservedConsumer
  readonly #brake: DeadLetterBrake
  readonly #delivery: Delivery
  readonly #consumer: Consumer
  readonly #backlogs: BacklogWatch
  readonly #metering

  constructor(parts: WebhookDispatcherParts) {
    this.#parts = parts
    const { settings, pool, log, metrics } = parts
    this.#observer = observeConsumer(log, metrics, GROUPS.webhooks)
    this.#brake = observedBrake(log, metrics, GROUPS.webhooks)
    this.#metering = measureDeliveries(metrics, pool)
    const { counted, exhausted } = this.#metering
    this.#delivery = createDelivery({ settings, pool, log, counted, exhausted: () => exhausted(1) })
    this.#metering.watch(this.#delivery)
    this.#backlogs = new BacklogWatch({
      ...{ pool, log, exhausted },
      retryMs: settings.WEBHOOK_RETRY_HOURS * HOUR_MS,
      keepMs: Math.max(settings.WEBHOOK_KEEP_DAYS * DAY_MS, settings.WEBHOOK_RETRY_HOURS * HOUR_MS),
      eventsMax: settings.WEBHOOK_BACKLOG_MAX,
    })
    this.#consumer = this.#createConsumer()
  }

  async start(): Promise<void> {
    await this.#consumer.start()
    this.#delivery.retries.start()
    this.#backlogs.start()
    this.#metering.start()
    const { health } = this.#parts
    addConsumerHealth(health, 'webhooks', { consumer: this.#consumer, observer: this.#observer, brake: this.#brake })
    health.add('webhook-backlogs', this.#backlogs.failure.check)
    for (const [name, failure] of Object.entries(this.#delivery.failures)) health.add(name, failure.check)
  }

  /** Awaits the answers to what was posted, within the consumer's drain time and that of a request. */
  async stop(): Promise<void> {
    this.#metering.stop()
    await Promise.all([this.#consumer.stop(), this.#backlogs.stop()])
    await this.#delivery.stop()
  }

  #createConsumer(): Consumer {
    const { cluster, producer, instanceId } = this.#parts
    const { events } = this.#delivery
    const observer = this.#observer
    const brake = this.#brake
    const retried = retry({
      attemptsMax: 5,
      backoffMsFirst: 500,
      backoffMsMax: 10_000,
      isRecordFault: isItemFault,
      failed: (error, failures) => observer.handlerFailed(error, 1, failures),
    })
    const publish: PublishDeadLetter = (record, { reason, ...failure }) => {
      const cause = { ...failure, reason: reason as DeadLetterReason, consumerGroup: GROUPS.webhooks }
      return producer.send(deadLetterRecord(record, cause, Date.now()))
    }
    return new Consumer(
      cluster,
      consumerOptions(
        { groupId: GROUPS.webhooks, topics: [TOPICS.status] },
        {
          groupInstanceId: instanceId,
          fetchBytesMin: 1,
          fetchPauseMs: 150,
          recordsPerPartitionMax: RECORDS_PER_PARTITION_MAX,
          headCrowdedMsMax: HEAD_CROWDED_MS_MAX,
        },
      ),
      inLanes({
        handle: deadLetters(
          retried((record) => events.handle(record)),
          publish,
          { brake, publishFailed: (error) => observer.handlerFailed(error, 1, 1) },
        ),
        // What blocks its partition waits in the table of retries, as all that cannot be delivered now.
        giveUp: async (record, error, { failures }) => {
          const outcome = await events.defer(record)
          if (outcome.kind === 'dead-letter') return publish(record, { ...outcome, attempts: failures + 1 })
          if (outcome.kind !== 'done') throw new Error(`the record could not be stored for later: ${error}`)
          return undefined
        },
        concurrencyMax: HANDLERS_MAX,
      }),
      observer,
    )
  }
}
