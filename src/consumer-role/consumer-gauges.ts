import type { ConsumerMeasure } from '../kafka/consumer/consumer-observer.ts'
import type { Metrics } from '../runtime/metrics.ts'

const PARTITION = ['group', 'topic', 'partition'] as const

/**
 * Shows the state of a consumer, once a second and not at each record. Partitions that it no longer reads are no longer
 * shown: their lag is the next owner's to report.
 */
export function consumerGauges(metrics: Metrics, group: string): (measure: ConsumerMeasure) => void {
  const byPartition = {
    lag: metrics.gaugeSet('smsgw_consumer_lag_records', 'Records behind the end, as the reader knows it', PARTITION),
    uncommitted: metrics.gaugeSet(
      'smsgw_consumer_uncommitted_records',
      'Records that cannot be read yet: their transactions are open',
      PARTITION,
    ),
    buffered: metrics.gaugeSet('smsgw_consumer_in_hand_records', 'Records buffered or in flight', PARTITION),
    gap: metrics.gaugeSet('smsgw_consumer_gap_records', 'Records done that cannot be committed yet', PARTITION),
    deferred: metrics.gaugeSet('smsgw_consumer_deferred_records', 'Records skipped, to be fetched again', PARTITION),
    oldest: metrics.gaugeSet('smsgw_consumer_oldest_seconds', 'Age of the oldest buffered record', PARTITION),
  }
  const keys = metrics.gaugeSet('smsgw_consumer_keys', 'Keys with buffered records', ['group'])
  const parked = metrics.gaugeSet('smsgw_consumer_keys_parked', 'Keys waiting for a retry', ['group'])
  const paused = metrics.gaugeSet('smsgw_consumer_partitions_paused', 'Partitions paused: their buffer is full', [
    'group',
  ])
  const totals = risingTotals(metrics, group)
  let shown = new Map<string, { group: string; topic: string; partition: string }>()
  return (measure) => {
    const now = new Map<string, { group: string; topic: string; partition: string }>()
    for (const each of measure.partitions) {
      const labels = { group, topic: each.topic, partition: String(each.partition) }
      now.set(`${each.topic}[${each.partition}]`, labels)
      byPartition.lag.set(labels, each.lag)
      byPartition.uncommitted.set(labels, each.uncommittedRecords)
      byPartition.buffered.set(labels, each.recordsBuffered)
      byPartition.gap.set(labels, each.gap)
      byPartition.deferred.set(labels, each.deferred)
      byPartition.oldest.set(labels, each.oldestMs / 1_000)
    }
    for (const [name, labels] of shown) {
      if (!now.has(name)) for (const gauge of Object.values(byPartition)) gauge.remove(labels)
    }
    shown = now
    keys.set({ group }, measure.keysBuffered)
    parked.set({ group }, measure.keysParked)
    paused.set({ group }, measure.partitions.filter(({ isPaused }) => isPaused).length)
    totals(measure)
  }
}

/** Carries totals that a consumer counts by itself over into counters. */
function risingTotals(metrics: Metrics, group: string): (measure: ConsumerMeasure) => void {
  const seconds = metrics.counter('smsgw_consumer_handler_seconds_total', 'Time spent in handlers', ['group'])
  const handled = metrics.counter('smsgw_consumer_handled_total', 'Answers of handlers that took time', ['group'])
  const slow = metrics.counter('smsgw_consumer_slow_records_total', 'Records that took over 10 s', ['group'])
  let last = { handlingMs: 0, handledRecords: 0, slowRecords: 0 }
  return ({ handlingMs, handledRecords, slowRecords }) => {
    seconds.inc({ group }, (handlingMs - last.handlingMs) / 1_000)
    handled.inc({ group }, handledRecords - last.handledRecords)
    slow.inc({ group }, slowRecords - last.slowRecords)
    last = { handlingMs, handledRecords, slowRecords }
  }
}
