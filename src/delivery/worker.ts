import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { DeadLetterReason } from '../events/dead-letter.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer } from '../kafka/consumer/consumer.ts'
import { consumerOptions } from '../kafka/consumer/consumer-options.ts'
import { inLanes } from '../kafka/consumer/handling.ts'
import { deadLetters, type PublishDeadLetter } from '../kafka/middleware/dead-letter.ts'
import { Producer } from '../kafka/producer/producer.ts'
import { producerOptions } from '../kafka/producer/producer-options.ts'
import type { TopicPartition } from '../kafka/wire/consumer-protocol.ts'
import type { OperatorsFile } from '../operators/operators-file.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { observeConsumer, observeProducer } from '../runtime/observe-kafka.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import type { deliverySettings } from './config.ts'
import { type OperatorLine, TaskDelivery } from './deliver-task.ts'
import { ReceiptMatcher } from './match-receipts.ts'
import { openLines } from './open-lines.ts'
import { TaskReader } from './read-tasks.ts'
import { AttemptBook } from './record-attempts.ts'
import { StatusReporter } from './status-reporter.ts'

/** More waits than any task has between its tries. */
const RETRIES_MAX = 10

export interface WorkerParts {
  readonly settings: Values<typeof deliverySettings>
  /** A lasting name of this process as a member of its group; null for none. */
  readonly instanceId: string | null
  readonly pool: Pool
  readonly cluster: Cluster
  /** For dead letters. */
  readonly producer: Producer
  readonly operators: OperatorsFile
  /** `host:port` for operators whose address is `embedded`; empty if there is none. */
  readonly simulatorAddress: string
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/** The role `worker`: takes tasks from `sms.delivery`, hands them to operators, and takes the operators' receipts. */
export class Worker implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerParts
  readonly #lines: ReadonlyMap<string, OperatorLine>
  readonly #attempts: AttemptBook
  readonly #reporter: StatusReporter
  readonly #receipts: ReceiptMatcher
  readonly #statuses: Producer
  readonly #consumer: Consumer

  constructor(parts: WorkerParts) {
    this.#parts = parts
    const { settings, pool, cluster, log, metrics } = parts
    this.#attempts = new AttemptBook(pool, `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`)
    const options = producerOptions('safe', { lingerMs: settings.STATUS_LINGER_MS })
    this.#statuses = new Producer(cluster, options, observeProducer(log, metrics, 'statuses'))
    this.#reporter = new StatusReporter(this.#statuses, (error) =>
      log.warn({ err: error }, 'a status was not published; trying again'),
    )
    const receipts = metrics.counter('smsgw_receipts_total', 'Receipts of operators', ['operator', 'outcome'])
    this.#receipts = new ReceiptMatcher({
      pool,
      reporter: this.#reporter,
      log,
      counted: (operator, outcome) => receipts.inc({ operator, outcome }),
    })
    this.#lines = openLines(
      parts.operators,
      parts.simulatorAddress,
      (operator) => (receipt) => this.#receipts.take(operator, receipt),
    )
    this.#consumer = this.#createConsumer(settings)
    this.#measure()
  }

  async start(): Promise<void> {
    await this.#statuses.start([TOPICS.status])
    for (const { connector } of this.#lines.values()) connector.start()
    await this.#consumer.start()
    this.#parts.health.add('worker', () => {
      if (this.#consumer.failure) throw this.#consumer.failure
    })
  }

  /** Begins no attempt any more, awaits the answers to those begun, commits, and hangs up. */
  async stop(): Promise<void> {
    for (const { queue } of this.#lines.values()) queue.close()
    await this.#consumer.stop()
    await this.#receipts.stop()
    await Promise.all([...this.#lines.values()].map(({ connector }) => connector.stop()))
    this.#reporter.stop()
    await this.#attempts.stop()
    await this.#statuses.close()
  }

  #createConsumer(settings: WorkerParts['settings']): Consumer {
    const { cluster, log, metrics, producer, instanceId } = this.#parts
    const tasks = new TaskReader()
    const duration = metrics.histogram('smsgw_submit_duration_seconds', 'From a submit to its answer', ['operator'])
    const submits = metrics.counter('smsgw_submits_total', 'Submits to operators', ['operator', 'result'])
    const delivery = new TaskDelivery({
      tasks,
      lines: this.#lines,
      attempts: this.#attempts,
      reporter: this.#reporter,
      receipts: this.#receipts,
      rules: { retryMsFirst: settings.DELIVERY_RETRY_MS_FIRST, retryMsMax: settings.DELIVERY_RETRY_MS_MAX },
      submitted: (operator, result, seconds) => {
        duration.observe({ operator }, seconds)
        submits.inc({ operator, result })
      },
    })
    const publish: PublishDeadLetter = (record, reason, error, stack) => {
      const cause = { reason: reason as DeadLetterReason, error, stack, consumerGroup: GROUPS.delivery }
      log.warn({ reason, partition: record.partition, offset: record.offset }, 'a task goes to the dead letters')
      return producer.send(deadLetterRecord(record, cause, Date.now()))
    }
    return new Consumer(
      cluster,
      consumerOptions(
        { groupId: GROUPS.delivery, topics: [TOPICS.delivery] },
        {
          groupInstanceId: instanceId,
          fetchBytesMin: 1,
          fetchPauseMs: 40,
          recordsPerPartitionMax: 2_000,
          shareOf: (record) => tasks.customerOf(record),
          recordsPerShareMax: settings.DELIVERY_CUSTOMER_TASKS_MAX,
          // An answer is kept as long as a record of it is in hand: fifty of a megabyte, uncompressed four, would be too much.
          partitionBytesMax: 131_072,
          // A task may have to wait for every one of its tries, and is no block while it does.
          headCrowdedMsMax: 2 * settings.DELIVERY_RETRY_MS_MAX,
          headOverdueMsMax: RETRIES_MAX * settings.DELIVERY_RETRY_MS_MAX,
        },
      ),
      inLanes({
        handle: deadLetters((record) => delivery.handle(record), publish),
        giveUp: (record, error) => publish(record, 'head-of-line', error),
        concurrencyMax: settings.DELIVERY_TASKS_MAX,
        laneOf: (record) => tasks.laneOf(record, settings.DELIVERY_ORDER),
      }),
      { ...observeConsumer(log, metrics, GROUPS.delivery), revoking: (partitions) => this.#letGo(partitions) },
    )
  }

  /** Tasks that wait for their turn are the next owner's; only attempts under way are awaited. */
  #letGo(partitions: readonly TopicPartition[]): void {
    const leaving = new Set(partitions.map(({ topic, partition }) => `${topic}[${partition}]`))
    for (const { queue } of this.#lines.values()) {
      queue.abandon(({ topic, partition }) => leaving.has(`${topic}[${partition}]`))
    }
  }

  #measure(): void {
    const { metrics } = this.#parts
    const sum = (pick: (line: OperatorLine) => number): number =>
      [...this.#lines.values()].reduce((total, line) => total + pick(line), 0)
    metrics.gauge('smsgw_submits_in_flight', 'Submits that await their answer', () =>
      sum(({ queue }) => queue.inFlight),
    )
    metrics.gauge('smsgw_tasks_waiting', 'Tasks that wait for their turn', () => sum(({ queue }) => queue.waiting))
    metrics.gauge('smsgw_operators', 'Operators that messages are handed to', () => this.#lines.size)
    metrics.gauge('smsgw_operators_ready', 'Operators that take messages', () =>
      sum(({ connector }) => (connector.isReady ? 1 : 0)),
    )
  }
}
