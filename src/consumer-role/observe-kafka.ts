import type { ConsumerObserver } from '../kafka/consumer/consumer-observer.ts'
import type { ProducerObserver } from '../kafka/producer/producer-observer.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { ProducerInterval } from '../runtime/producer-interval.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { consumerGauges } from './consumer-gauges.ts'
import { ConsumerProgress } from './consumer-progress.ts'

const PRODUCER_REPORT_MS = 10_000

export type ObservedConsumer = ConsumerObserver &
  Required<Pick<ConsumerObserver, 'handlerFailed'>> & {
    /** Throws while the consumer makes no progress and records fail. */
    readonly check: HealthCheck
  }

/** Logs what happens to a consumer, counts what it does, and reports whether it makes progress. */
export function observeConsumer(log: Log, metrics: Metrics, group: string): ObservedConsumer {
  const labels = ['group', 'topic'] as const
  const fetched = metrics.counter('smsgw_consumer_records_fetched_total', 'Records fetched from Kafka', labels)
  const completed = metrics.counter('smsgw_consumer_records_completed_total', 'Records completed', labels)
  const failures = metrics.counter('smsgw_consumer_handler_failures_total', 'Handler failures', ['group'])
  const troubles = metrics.counter('smsgw_consumer_troubles_total', 'Requests to Kafka that are retried', ['group'])
  const headOfLine = metrics.counter(
    'smsgw_consumer_head_of_line_total',
    'Records given up because they blocked their partition',
    labels,
  )
  const commit = metrics.histogram('smsgw_consumer_commit_seconds', 'From a commit to its answer', ['group'])
  const owned = metrics.gaugeSet('smsgw_consumer_partitions', 'Partitions assigned to this process', ['group'])
  const damaged = metrics.counter('smsgw_consumer_damaged_batches_total', 'Damaged batches', labels)
  const gauges = consumerGauges(metrics, group)
  const progress = new ConsumerProgress()
  const requests = new RepeatedFailure({ what: 'request to Kafka', log })
  const handling = new RepeatedFailure({ what: 'handling of records', log })
  return {
    check: progress.check,
    fetched(topic, records) {
      fetched.inc({ group, topic }, records)
      requests.succeeded()
    },
    completed(topic, records) {
      completed.inc({ group, topic }, records)
      progress.completed()
      handling.succeeded()
    },
    measured(measure) {
      gauges(measure)
      progress.measured(
        measure.recordsBuffered,
        measure.partitions.some(({ isBlocked }) => isBlocked),
      )
    },
    commitAnswered: (_partitions, ms) => commit.observe({ group }, ms / 1_000),
    rebalanced(generation, partitions) {
      owned.set({ group }, partitions)
      log.info({ group, generation, partitions }, 'consumer group rebalanced')
    },
    lost: (partitions) => log.warn({ group, partitions: partitions.length }, 'partitions lost'),
    outOfRange: (topic, partition, from, to) =>
      log.error({ group, topic, partition, from, to }, 'offset out of range; consumer position reset'),
    headOfLine(topic, partition, offset, verdict, handedForMs) {
      headOfLine.inc({ group, topic })
      log.error({ group, topic, partition, offset, verdict, handedForMs }, 'record blocked its partition')
    },
    topicMissing: (topic) => log.error({ group, topic }, 'topic does not exist; consuming starts when it is created'),
    topicReplaced: (topic) =>
      log.error({ group, topic }, 'topic was deleted and recreated; consuming from its beginning'),
    unreadable(topic, partition, error) {
      damaged.inc({ group, topic })
      progress.failed(error)
      log.error({ group, topic, partition, err: error }, 'malformed fetch response; refetching')
    },
    troubled(error) {
      troubles.inc({ group })
      requests.failed(error, { group })
    },
    handlerFailed(error, records, times) {
      failures.inc({ group })
      progress.failed(error)
      handling.failed(error, { group, records, tries: times })
    },
    failed: (error) => log.fatal({ group, err: error }, 'consumer stopped'),
  }
}

/**
 * Logs what goes wrong with a producer and measures what it does. While it works, what it did is logged every ten
 * seconds, and the rest when it is closed; an idle one logs nothing. `producer` distinguishes those of a process.
 */
export function observeProducer(log: Log, metrics: Metrics, producer: string): ProducerObserver {
  const records = metrics.counter('smsgw_producer_records_total', 'Records that Kafka acknowledged')
  const bytes = metrics.counter('smsgw_producer_bytes_total', 'Bytes of the batches that Kafka acknowledged')
  const batches = metrics.counter('smsgw_producer_batches_total', 'Batches that Kafka acknowledged')
  const retries = metrics.counter('smsgw_producer_retries_total', 'Batches that were retried')
  const failures = metrics.counter('smsgw_producer_failed_records_total', 'Records that were not produced')
  const roundTrip = metrics.histogram('smsgw_producer_round_trip_seconds', 'From sending a batch to its answer')
  const queued = metrics.histogram('smsgw_producer_queue_seconds', 'From the first record of a batch to its sending')
  const interval = new ProducerInterval(Date.now())
  const report = (): void => {
    const done = interval.take(Date.now())
    if (done) log.info({ producer, ...done }, 'producer stats')
  }
  const timer = setInterval(report, PRODUCER_REPORT_MS).unref()
  return {
    acknowledged(batch) {
      interval.acknowledged(batch)
      records.inc(batch.records)
      bytes.inc(batch.bytes)
      batches.inc()
      roundTrip.observe(batch.roundTripMs / 1_000)
      queued.observe(batch.queueMs / 1_000)
    },
    retried(error, topic, partition) {
      interval.retried()
      retries.inc()
      log.warn({ producer, err: error, topic, partition }, 'batch not acknowledged; sent again')
    },
    failed(error, count, topic, partition) {
      interval.failed(count)
      failures.inc(count)
      log.error({ producer, err: error, records: count, topic, partition }, 'records not produced; giving up')
    },
    identityRenewed: (reason) => log.warn({ producer, reason }, 'producer id reset'),
    closed() {
      clearInterval(timer)
      report()
    },
  }
}
