import type { DeadLetterReason } from '../events/dead-letter.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import { TOPICS } from '../events/topics.ts'
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
import { brakeCheck, observedBrake } from '../runtime/observe-brake.ts'
import { type ObservedConsumer, observeConsumer } from '../runtime/observe-kafka.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import type { webhookSettings } from './config.ts'
import { EventDelivery } from './deliver-events.ts'
import { EndpointDirectory } from './endpoint-directory.ts'
import { EndpointGate } from './endpoint-gate.ts'
import { EventPoster } from './post-event.ts'
import { RetryLoop } from './retry-events.ts'
import { countRetries } from './store-retries.ts'

const WEBHOOKS_GROUP = 'smsgw-webhooks'

const LEASE_MARGIN_MS = 20_000
const SAMPLE_MS = 10_000

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

/** The role `webhooks`: tells customers' endpoints of what becomes of their messages. */
export class WebhookDispatcher implements Service {
  readonly name = 'webhooks'
  readonly #parts: WebhookDispatcherParts
  readonly #poster: EventPoster
  readonly #observer: ObservedConsumer
  readonly #brake: DeadLetterBrake
  readonly #consumer: Consumer
  readonly #retries: RetryLoop
  readonly #waiting
  #timer: NodeJS.Timeout | null = null

  constructor(parts: WebhookDispatcherParts) {
    this.#parts = parts
    const { settings, pool, log, metrics } = parts
    this.#observer = observeConsumer(log, metrics, WEBHOOKS_GROUP)
    this.#brake = observedBrake(log, metrics, WEBHOOKS_GROUP)
    const deliveries = metrics.counter('smsgw_webhook_deliveries_total', 'Posts to endpoints', ['outcome'])
    const duration = metrics.histogram('smsgw_webhook_duration_seconds', 'From a post to its answer')
    this.#waiting = metrics.gaugeSet('smsgw_webhook_retries_waiting', 'Events that endpoints have not taken yet', [])
    const counted = (outcome: string, seconds: number): void => {
      deliveries.inc({ outcome })
      if (seconds > 0) duration.observe(seconds)
    }
    this.#poster = new EventPoster({
      timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
      connectionsPerOriginMax: settings.WEBHOOK_REQUESTS_PER_ENDPOINT_MAX,
      allowPrivate: settings.WEBHOOK_ALLOW_PRIVATE === 'yes',
    })
    const gate = new EndpointGate(settings.WEBHOOK_REQUESTS_PER_ENDPOINT_MAX)
    const shared = { pool, gate, poster: this.#poster, counted }
    this.#retries = new RetryLoop({ ...shared, log, leaseMs: settings.WEBHOOK_TIMEOUT_MS + LEASE_MARGIN_MS })
    this.#consumer = this.#createConsumer(new EventDelivery({ ...shared, directory: new EndpointDirectory(pool) }))
  }

  async start(): Promise<void> {
    await this.#consumer.start()
    this.#retries.start()
    this.#parts.health.add('webhooks', () => {
      if (this.#consumer.failure) throw this.#consumer.failure
    })
    this.#parts.health.add('webhooks-progress', this.#observer.check)
    this.#parts.health.add('webhooks-brake', brakeCheck(this.#brake))
    this.#timer = setInterval(() => {
      countRetries(this.#parts.pool).then(
        (waiting) => this.#waiting.set(waiting),
        () => {},
      )
    }, SAMPLE_MS)
  }

  /** Awaits the answers to what was posted, within the consumer's drain time. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await Promise.all([this.#consumer.stop(), this.#retries.stop()])
    await this.#poster.close()
  }

  #createConsumer(delivery: EventDelivery): Consumer {
    const { settings, cluster, producer, instanceId } = this.#parts
    const observer = this.#observer
    const brake = this.#brake
    const retried = retry({
      attemptsMax: 5,
      backoffMsFirst: 500,
      backoffMsMax: 10_000,
      isRecordFault: isItemFault,
      failed: (error, failures) => observer.handlerFailed(error, 1, failures),
    })
    const publish: PublishDeadLetter = (record, reason, error, stack) => {
      const cause = { reason: reason as DeadLetterReason, error, stack, consumerGroup: WEBHOOKS_GROUP }
      return producer.send(deadLetterRecord(record, cause, Date.now()))
    }
    return new Consumer(
      cluster,
      consumerOptions(
        { groupId: WEBHOOKS_GROUP, topics: [TOPICS.status] },
        { groupInstanceId: instanceId, fetchBytesMin: 1, fetchPauseMs: 150, recordsPerPartitionMax: 2_000 },
      ),
      inLanes({
        handle: deadLetters(
          retried((record) => delivery.handle(record)),
          publish,
          { brake, publishFailed: (error) => observer.handlerFailed(error, 1, 1) },
        ),
        mayGiveUp: (error) => brake.allows(error, Date.now()),
        giveUp: (record, error) => publish(record, 'head-of-line', error),
        concurrencyMax: settings.WEBHOOK_REQUESTS_MAX,
      }),
      observer,
    )
  }
}
