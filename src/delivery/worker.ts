import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { ConsumerRole, type ConsumerRoleParts } from '../consumer-role/consumer-role.ts'
import { observeProducer } from '../consumer-role/observe-kafka.ts'
import { FORMER_GROUPS, GROUPS, TOPICS } from '../events/topics.ts'
import { inheritOffsets } from '../kafka/admin/inherit-offsets.ts'
import { COMMIT_LOSS } from '../kafka/consumer/consumer-options.ts'
import { inLanes } from '../kafka/consumer/handling.ts'
import { Producer } from '../kafka/producer/producer.ts'
import { type ProducerProfile, producerOptions } from '../kafka/producer/producer-options.ts'
import type { TopicPartition } from '../kafka/wire/consumer-protocol.ts'
import type { OperatorDirectory } from '../operators/operator-directory.ts'
import { receiptTimeoutMs } from '../operators/operator-schema.ts'
import type { DatabaseClock } from '../postgres/clock-skew.ts'
import type { Pool } from '../postgres/pool.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { judgeFaults } from './attempts/judge-fault.ts'
import { AttemptMaker } from './attempts/make-attempt.ts'
import { AttemptBook } from './attempts/record-attempts.ts'
import { ReceiptListener } from './callbacks/receipt-listener.ts'
import type { deliverySettings } from './config.ts'
import type { BreakerState } from './connections/circuit-breaker.ts'
import { LiveConnections } from './connections/live-connections.ts'
import type { ConnectionParts } from './connections/open-connection.ts'
import type { OperatorConnection } from './connections/operator-connection.ts'
import type { ConnectorHost, ConnectorKinds } from './connectors/connector-kind.ts'
import { DeferredTasks } from './deferred/deferred-tasks.ts'
import { TaskResume } from './deferred/resume-tasks.ts'
import { TaskDelivery } from './deliver-task.ts'
import { LeavingPartitions } from './leaving-partitions.ts'
import { gatesOf } from './pace/open-gate.ts'
import { TaskReader } from './read-tasks.ts'
import { UnreadableAnswers } from './receipts/keep-unreadable-answers.ts'
import { ReceiptMatcher, type ReceiptOutcome } from './receipts/match-receipts.ts'
import { ReceiptPublisher } from './receipts/publish-receipts.ts'
import { ReceiptReviews } from './receipts/review-receipts.ts'
import { IncomingMessages } from './receipts/store-incoming.ts'
import { StatusReporter } from './status-reporter.ts'

/** More waits than any task has between its tries. */
const RETRIES_MAX = 10
/** On a slow machine, or with a slow operator, one try takes seconds, however short the waits between tries are. */
const HEAD_CROWDED_MS_MIN = 10_000
const HEAD_OVERDUE_MS_MIN = 300_000

export interface WorkerParts extends ConsumerRoleParts {
  readonly settings: Values<typeof deliverySettings>
  readonly pool: Pool
  readonly clock: DatabaseClock
  /** For dead letters. Statuses have a producer of their own, with the same profile. */
  readonly producer: Pick<Producer, 'send'>
  readonly producerProfile: ProducerProfile
  readonly operators: Pick<OperatorDirectory, 'current' | 'onChange'>
  readonly connectors: ConnectorKinds
  readonly host: Omit<ConnectorHost, 'isListening'>
}

const BREAKER_GAUGE = { closed: 0, probing: 1, open: 2 } as const satisfies Record<BreakerState['kind'], number>

/** The role `worker`: takes tasks from `sms.delivery`, hands them to operators, and takes the operators' receipts. */
export class Worker implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerParts
  readonly #connections: LiveConnections
  readonly #leaving = new LeavingPartitions()
  readonly #listener: ReceiptListener
  readonly #attempts: AttemptBook
  readonly #unreadable: UnreadableAnswers
  readonly #reporter: StatusReporter
  readonly #publisher: ReceiptPublisher
  readonly #reviews: ReceiptReviews
  readonly #receipts: ReceiptMatcher
  readonly #statuses: Producer
  readonly #resumeDeferred: TaskResume
  readonly #consumer: ConsumerRole

  constructor(parts: WorkerParts) {
    this.#parts = parts
    const { settings, pool, cluster, log, metrics } = parts
    // Short, as each attempt stores it; the log says whose it is.
    const id = randomBytes(4).toString('hex')
    log.info({ worker: id, host: hostname(), pid: process.pid }, 'worker id assigned')
    this.#attempts = new AttemptBook(pool, id, log)
    this.#unreadable = new UnreadableAnswers({ pool, log, days: settings.UNREADABLE_ANSWER_DAYS })
    const lingerMs = Math.max(settings.STATUS_LINGER_MS, producerOptions(parts.producerProfile).lingerMs)
    const options = producerOptions(parts.producerProfile, { lingerMs })
    this.#statuses = new Producer(cluster, options, observeProducer(log, metrics, 'statuses'))
    this.#reporter = new StatusReporter(this.#statuses, (error) =>
      log.warn({ err: error }, 'failed to publish status; retrying'),
    )
    this.#publisher = new ReceiptPublisher({
      attempts: this.#attempts,
      reporter: this.#reporter,
      receiptTimeoutMs: (operator) => receiptTimeoutMs(parts.operators.current().operators.get(operator)),
    })
    this.#reviews = new ReceiptReviews({ pool, log })
    this.#receipts = this.#createMatcher()
    this.#connections = new LiveConnections({
      operators: parts.operators,
      connectors: parts.connectors,
      host: { ...parts.host, isListening: settings.RECEIPTS_PORT > 0 },
      receipt: (operator, receipt) => this.#receipts.take(operator, receipt),
      ...this.#incomingParts(),
      breakerChanged: (operator, kind) => {
        if (kind === 'open') log.warn({ operator }, 'circuit breaker opened for operator')
        if (kind === 'closed') log.info({ operator }, 'circuit breaker closed for operator')
      },
      openGate: gatesOf(pool, metrics, log),
      metrics,
      log,
    })
    this.#listener = new ReceiptListener({
      host: settings.RECEIPTS_HOST,
      port: settings.RECEIPTS_PORT,
      doorOf: (operator) => this.#connections.callbackDoor(operator),
      answered: this.#countCallbacks(),
      failed: (operator, error) => log.error({ err: error, operator }, 'failed to handle a callback; answered 503'),
    })
    this.#resumeDeferred = this.#createResume()
    this.#consumer = this.#createConsumer(settings)
    this.#measure()
  }

  async start(): Promise<void> {
    warnOfLoss(this.#parts)
    await this.#statuses.start([TOPICS.status])
    this.#connections.start()
    if (this.#parts.settings.RECEIPTS_PORT > 0) await this.#listener.start()
    await this.#takeOverOffsets()
    await this.#consumer.start()
    this.#resumeDeferred.start()
    this.#unreadable.start()
    this.#parts.health.add('operators', this.#connections.check)
    this.#parts.health.add('attempts', this.#attempts.check)
    this.#parts.health.add('receipts', this.#receipts.check)
  }

  /** Begins no attempt any more, awaits the answers to those begun, commits, and hangs up. */
  async stop(): Promise<void> {
    this.#connections.closeQueues()
    await this.#resumeDeferred.stop()
    await this.#consumer.stop()
    await this.#listener.stop()
    await this.#receipts.stop()
    await this.#connections.stop()
    this.#reporter.stop()
    await this.#publisher.stop()
    await this.#attempts.stop()
    await this.#unreadable.stop()
    await this.#statuses.close()
  }

  /** Of versions whose workers read in a group of another name. */
  async #takeOverOffsets(): Promise<void> {
    const { cluster, log } = this.#parts
    const connections = cluster.connections()
    const succession = { topic: TOPICS.delivery, from: FORMER_GROUPS[GROUPS.delivery], to: GROUPS.delivery }
    try {
      const partitions = await inheritOffsets(cluster, connections, succession)
      if (partitions > 0) log.info({ ...succession, partitions }, 'took over the offsets of the former group')
    } finally {
      await connections.close()
    }
  }

  #createMatcher(): ReceiptMatcher {
    const { pool, log, metrics } = this.#parts
    const receipts = metrics.counter('smsgw_receipts_total', 'Receipts of operators', ['operator', 'outcome'])
    const counted = (operator: string, outcome: ReceiptOutcome): void => receipts.inc({ operator, outcome })
    return new ReceiptMatcher({
      pool,
      attempts: this.#attempts,
      publisher: this.#publisher,
      log,
      counted,
      review: (operator, cause, receipt) => this.#reviews.add(operator, cause, receipt),
    })
  }

  /** What operators bring that is no receipt, or none that is understood. */
  #incomingParts(): Pick<ConnectionParts, 'incoming' | 'oddReceipt'> {
    const { pool, log, metrics } = this.#parts
    const messages = metrics.counter('smsgw_incoming_messages_total', 'Messages from subscribers', [
      'operator',
      'outcome',
    ])
    const incoming = new IncomingMessages({
      pool,
      log,
      counted: (operator, outcome) => messages.inc({ operator, outcome }),
    })
    return {
      incoming: (operator, message) => incoming.store(operator, message),
      oddReceipt: (operator, odd) => this.#reviews.add(operator, 'unreadable', odd),
    }
  }

  #countCallbacks(): (operator: string | null, status: number) => void {
    const callbacks = this.#parts.metrics.counter('smsgw_callbacks_total', 'Callbacks of HTTP operators', [
      'operator',
      'status',
    ])
    // A path that names no operator in force must not become a series.
    return (operator, status) => callbacks.inc({ operator: operator ?? '', status })
  }

  #createDeferred(tasks: TaskReader): DeferredTasks {
    const { pool, clock, metrics, settings, operators } = this.#parts
    const deferred = metrics.counter('smsgw_tasks_deferred_total', 'Tasks deferred for a long wait, or behind one')
    return new DeferredTasks({
      pool,
      clock,
      tasks,
      order: settings.DELIVERY_ORDER,
      validMsDefault: settings.DELIVERY_VALID_SECONDS * 1_000,
      revision: () => operators.current().revision,
      deferred: (count) => deferred.inc(count),
    })
  }

  #createResume(): TaskResume {
    const { pool, metrics, settings, operators, log, health } = this.#parts
    const failure = new RepeatedFailure({ what: 'query of deferred tasks', log })
    health.add('deferred-tasks', failure.check)
    const resumed = metrics.counter(
      'smsgw_tasks_called_back_total',
      'Tasks deferred because their operator was unavailable, and resumed',
      ['operator'],
    )
    return new TaskResume({
      pool,
      connections: this.#connections,
      revision: () => operators.current().revision,
      // Half of what a customer may have in flight: the other half is left for its messages to other operators.
      tasksMax: Math.ceil(settings.DELIVERY_CUSTOMER_TASKS_MAX / 2),
      resumed: (operator, tasks) => resumed.inc({ operator }, tasks),
      failure,
    })
  }

  #createDelivery(): TaskDelivery {
    const { clock, metrics, settings } = this.#parts
    const duration = metrics.histogram('smsgw_submit_duration_seconds', 'From a submit to its answer', ['operator'])
    const submits = metrics.counter('smsgw_submits_total', 'Submits to operators', ['operator', 'result'])
    return new TaskDelivery({
      clock,
      connections: this.#connections,
      attempts: this.#attempts,
      maker: new AttemptMaker({
        attempts: this.#attempts,
        submitted: (operator, result, seconds, smsId) => {
          duration.observe({ operator }, seconds)
          submits.inc({ operator, result: result.kind })
          if (result.kind === 'unidentified') this.#unreadable.note(operator, result.code, result.sample, smsId)
        },
      }),
      reporter: this.#reporter,
      receipts: this.#receipts,
      publisher: this.#publisher,
      leaving: this.#leaving,
      rules: {
        retryMsFirst: settings.DELIVERY_RETRY_MS_FIRST,
        retryMsMax: settings.DELIVERY_RETRY_MS_MAX,
        validMsDefault: settings.DELIVERY_VALID_SECONDS * 1_000,
        deferMs: settings.DELIVERY_DEFER_MS,
        deferAfterMs: settings.DELIVERY_AWAY_MS,
      },
    })
  }

  #createConsumer(settings: WorkerParts['settings']): ConsumerRole {
    const { producer } = this.#parts
    const tasks = new TaskReader()
    const deferred = this.#createDeferred(tasks)
    const delivery = this.#createDelivery()
    return new ConsumerRole(this.#parts, {
      name: 'worker',
      group: GROUPS.delivery,
      topics: [TOPICS.delivery],
      options: {
        commit: settings.DELIVERY_COMMIT,
        fetchPauseMs: 40,
        recordsPerPartitionMax: 2_000,
        shareOf: (record) => tasks.customerOf(record),
        recordsPerShareMax: settings.DELIVERY_CUSTOMER_TASKS_MAX,
        // An answer is kept while a record of it is buffered: fifty of a megabyte, uncompressed four, would be too
        // much.
        partitionBytesMax: 131_072,
        // A task may have to wait for every one of its tries, and is no block while it does.
        headCrowdedMsMax: Math.max(HEAD_CROWDED_MS_MIN, 2 * settings.DELIVERY_RETRY_MS_MAX),
        headOverdueMsMax: Math.max(HEAD_OVERDUE_MS_MIN, RETRIES_MAX * settings.DELIVERY_RETRY_MS_MAX),
      },
      producer,
      handling: (letters) =>
        inLanes({
          handle: letters.after(judgeFaults((record, state) => deferred.handle(record, state, delivery.handle), tasks)),
          mayGiveUp: (error) => letters.brake.allows(error, performance.now()),
          giveUp: async (record, error, { failures }) => {
            await letters.publish(record, { reason: 'head-of-line', error, attempts: failures + 1 })
            await deferred.forget(record)
          },
          concurrencyMax: settings.DELIVERY_TASKS_MAX,
          laneOf: (record) => tasks.laneOf(record, settings.DELIVERY_ORDER),
        }),
      observer: {
        assigned: (partitions) => {
          this.#leaving.come(partitions)
          deferred.assigned()
        },
        revoking: (partitions) => this.#releasePartitions(partitions),
        lost: (partitions) => this.#releasePartitions(partitions),
      },
    })
  }

  /** Tasks that wait for their slot are the next owner's; only attempts under way are awaited. */
  #releasePartitions(partitions: readonly TopicPartition[]): void {
    this.#leaving.leave(partitions)
    for (const { queue } of this.#connections.values()) queue.abandon((waiting) => this.#leaving.has(waiting))
  }

  #measure(): void {
    const { metrics, operators } = this.#parts
    const sum = (pick: (connection: OperatorConnection) => number): number =>
      this.#connections.values().reduce((total, connection) => total + pick(connection), 0)
    metrics.gauge('smsgw_submits_in_flight', 'Submits that await their answer', () =>
      sum(({ queue }) => queue.inFlight),
    )
    metrics.gauge('smsgw_tasks_waiting', 'Tasks waiting for their slot', () => sum(({ queue }) => queue.waiting))
    const isReady = ({ connector }: OperatorConnection): number => (connector.isReady ? 1 : 0)
    metrics.gauge('smsgw_operators', 'Operators configured', () => operators.current().operators.size)
    metrics.gauge('smsgw_operators_ready', 'Operators that accept messages', () => sum(isReady))
    metrics.gaugeBy('smsgw_operator_ready', 'Whether an operator accepts messages', 'operator', () =>
      this.#connections.values().map((connection) => [connection.name, isReady(connection)] as const),
    )
    metrics.gaugeBy(
      'smsgw_operator_breaker',
      'Circuit breaker of an operator: 0 closed, 1 half-open, 2 open',
      'operator',
      () => this.#connections.values().map(({ name, health }) => [name, BREAKER_GAUGE[health.breaker]] as const),
    )
  }
}

function warnOfLoss({ settings, log }: WorkerParts): void {
  const loss = COMMIT_LOSS[settings.DELIVERY_COMMIT]
  if (loss !== null)
    log.warn({ commit: settings.DELIVERY_COMMIT, loss }, 'this way to commit offsets may lose messages')
}
