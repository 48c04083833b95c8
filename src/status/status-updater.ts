import { addConsumerHealth } from '../consumer-role/add-consumer-health.ts'
import { observedBrake } from '../consumer-role/observe-brake.ts'
import { type ObservedConsumer, observeConsumer } from '../consumer-role/observe-kafka.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer } from '../kafka/consumer/consumer.ts'
import { consumerOptions } from '../kafka/consumer/consumer-options.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import { DONE, retryAt, type SettledOutcome, shed } from '../kafka/consumer/outcome.ts'
import type { RecordState } from '../kafka/consumer/record-state.ts'
import type { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { applyReads, ofOneMessage, type ReadStatus, type Refusal, readStatus } from './apply-reads.ts'
import type { statusSettings } from './config.ts'

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

/** The role `status`: brings what `sms.status` tells into PostgreSQL and settles the ledger by it. */
export class StatusUpdater implements Service {
  readonly name = 'status'
  readonly #parts: StatusUpdaterParts
  readonly #observer: ObservedConsumer
  readonly #brake: DeadLetterBrake
  readonly #consumer: Consumer
  readonly #delay

  constructor(parts: StatusUpdaterParts) {
    this.#parts = parts
    const { settings, cluster, log, metrics, instanceId } = parts
    this.#delay = metrics.histogram(
      'smsgw_status_delay_seconds',
      'From a status until PostgreSQL has it, oldest of a batch',
    )
    this.#observer = observeConsumer(log, metrics, GROUPS.status)
    this.#brake = observedBrake(log, metrics, GROUPS.status)
    this.#consumer = new Consumer(
      cluster,
      consumerOptions(
        { groupId: GROUPS.status, topics: [TOPICS.status] },
        { groupInstanceId: instanceId, fetchBytesMin: 1, fetchPauseMs: 150 },
      ),
      inBatches({
        handle: (records, states) => this.#handle(records, states),
        recordsMax: settings.STATUS_BATCH_RECORDS_MAX,
      }),
      this.#observer,
    )
  }

  async start(): Promise<void> {
    await this.#consumer.start()
    addConsumerHealth(this.#parts.health, 'status', {
      consumer: this.#consumer,
      observer: this.#observer,
      brake: this.#brake,
    })
  }

  async stop(): Promise<void> {
    await this.#consumer.stop()
  }

  /** While braked one message is tried at a time, and the rest of the batch waits. */
  async #handle(
    records: readonly ConsumedRecord[],
    states: readonly RecordState[],
  ): Promise<readonly SettledOutcome[]> {
    const nowMs = performance.now()
    const verdict = this.#brake.admit(nowMs)
    if (verdict.kind === 'wait') return records.map(() => shed(Date.now() + verdict.untilMs - nowMs))
    const reads = records.map(readStatus)
    const tried = this.#brake.braked ? ofOneMessage(reads) : reads
    await applyReads(tried, { pool: this.#parts.pool, brake: this.#brake })
    const [oldest] = records
    if (oldest) this.#delay.observe(Math.max(0, Date.now() - oldest.timestampMs) / 1_000)
    return Promise.all(reads.map((each, index) => this.#settle(each, states[index]!.failures + 1)))
  }

  #settle(read: ReadStatus, attempts: number): SettledOutcome | Promise<SettledOutcome> {
    const { state } = read
    if (state.kind === 'applied') return DONE
    return state.kind === 'refused' ? this.#refuse(read.record, state, attempts) : shed(Date.now())
  }

  async #refuse(record: ConsumedRecord, { reason, error }: Refusal, attempts: number): Promise<SettledOutcome> {
    const { partition, offset } = record
    const place = { reason, partition, offset, cause: error }
    try {
      const cause = { reason, error, consumerGroup: GROUPS.status, attempts }
      await this.#parts.producer.send(deadLetterRecord(record, cause, Date.now()))
      this.#parts.log.warn(place, 'status dead-lettered')
      return DONE
    } catch (error) {
      this.#observer.handlerFailed(error, 1, attempts)
      return retryAt(Date.now() + RETRY_MS)
    }
  }
}
