import type { Gauge } from 'prom-client'
import type { Metrics } from '../../runtime/metrics.ts'
import type { GroupReport } from './group-report.ts'
import { LAG_LEVELS, STATUS_CODES } from './lag-rules.ts'

/** Their help texts are what `/metrics` says of them. */
function lagGauges(metrics: Metrics) {
  const gauge = (name: string, help: string, labels: string[]): Gauge => metrics.gaugeSet(name, help, labels)
  const ofTopic = ['group', 'topic']
  const ofPartition = ['consumergroup', 'topic', 'partition']
  const exporter = ['cluster_name', 'group']
  const exporterPartition = [...exporter, 'topic', 'partition']
  return {
    lag: gauge('kafka_consumer_lag', 'Records that a group has still to read', ofTopic),
    seconds: gauge('kafka_consumer_lag_seconds', 'Age of the oldest record that a group has still to read', ofTopic),
    status: gauge(
      'smsgw_consumergroup_status',
      'How a group does: 1 OK, 2 WARN, 4 STOP, 5 STALL, 6 REWIND, 7 LOSS; as in burrow_kafka_consumer_status',
      ['group'],
    ),
    level: gauge(
      'smsgw_consumergroup_lag_level',
      'Level of the lag of a whole group: 0 normal, 1 warning, 2 critical; as `smsgw lag` shows it',
      ['group'],
    ),
    lost: gauge('smsgw_consumergroup_lost_records', 'Records removed by retention before a group read them', ['group']),
    furthest: gauge(
      'smsgw_consumergroup_max_partition_lag',
      'Lag of the partition in which a group is furthest behind',
      ['group', 'topic', 'partition'],
    ),
    members: gauge('kafka_consumergroup_members', 'Members of a group', ['consumergroup']),
    lagSum: gauge('kafka_consumergroup_lag_sum', 'Lag of a group in a topic', ['consumergroup', 'topic']),
    offset: gauge('kafka_consumergroup_current_offset', 'Committed offset of a group in a partition', ofPartition),
    partitionLag: gauge('kafka_consumergroup_lag', 'Lag of a group in a partition', ofPartition),
    groupLag: gauge('kafka_consumergroup_group_sum_lag', 'Lag of a group', exporter),
    groupMaxLag: gauge('kafka_consumergroup_group_max_lag', 'Largest lag of a group in a partition', exporter),
    groupSeconds: gauge('kafka_consumergroup_group_max_lag_seconds', 'How far a group is behind', exporter),
    topicLag: gauge('kafka_consumergroup_group_topic_sum_lag', 'Lag of a group in a topic', [...exporter, 'topic']),
    partitionSeconds: gauge(
      'kafka_consumergroup_group_lag_seconds',
      'How far a group is behind in a partition',
      exporterPartition,
    ),
  }
}

/**
 * Lag as metrics, under the names that dashboards of kafka_exporter (label `consumergroup`) and kafka-lag-exporter
 * (labels `cluster_name`, `group`) look for, and under our own. A value that is not known has no series, and what a
 * report no longer has loses its series with it.
 */
export class LagMetrics {
  readonly #perPartition: boolean
  readonly #gauges: ReturnType<typeof lagGauges>

  constructor(metrics: Metrics, perPartition: boolean) {
    this.#perPartition = perPartition
    this.#gauges = lagGauges(metrics)
  }

  /** All at once, so that no scrape sees half of it. */
  publish(clusterName: string, groups: readonly GroupReport[]): void {
    for (const gauge of Object.values(this.#gauges)) gauge.reset()
    for (const group of groups) this.#publishGroup(clusterName, group)
  }

  #publishGroup(clusterName: string, report: GroupReport): void {
    const { groupId: group, members, status, furthest, topics, partitions } = report
    const consumergroup = group
    const exporter = { cluster_name: clusterName, group }
    this.#set('members', { consumergroup }, members)
    if (!furthest) return
    this.#set('status', { group }, STATUS_CODES[status])
    this.#set('level', { group }, LAG_LEVELS.indexOf(report.level))
    this.#set('lost', { group }, report.lostRecords)
    this.#set('furthest', { group, topic: furthest.topic, partition: furthest.partition }, furthest.lag)
    this.#set('groupLag', exporter, report.lag)
    this.#set('groupMaxLag', exporter, furthest.lag)
    this.#set('groupSeconds', exporter, report.seconds)
    for (const { topic, lag, seconds } of topics) {
      this.#set('lag', { group, topic }, lag)
      this.#set('seconds', { group, topic }, seconds)
      this.#set('lagSum', { consumergroup, topic }, lag)
      this.#set('topicLag', { ...exporter, topic }, lag)
    }
    if (!this.#perPartition) return
    for (const { topic, partition, currentOffset, lag, seconds } of partitions) {
      this.#set('offset', { consumergroup, topic, partition }, currentOffset)
      this.#set('partitionLag', { consumergroup, topic, partition }, lag)
      this.#set('partitionSeconds', { ...exporter, topic, partition }, seconds)
    }
  }

  #set(name: keyof ReturnType<typeof lagGauges>, labels: Record<string, string | number>, value: number | null): void {
    if (value !== null) this.#gauges[name].set(labels, value)
  }
}
