import type { Gauge } from 'prom-client'
import type { LogDir } from '../../kafka/admin/describe-log-dirs.ts'
import type { DescribedTopic } from '../../kafka/admin/describe-topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { MIN_IN_SYNC } from '../../topics/compare-topics.ts'
import { effectiveMinInSync } from '../../topics/effective-min-in-sync.ts'
import type { PartitionEnds } from './read-lag.ts'

function topicGauges(metrics: Metrics) {
  const gauge = (name: string, help: string, labels: string[]): Gauge => metrics.gaugeSet(name, help, labels)
  const ofPartition = ['topic', 'partition']
  const partition = (name: string, help: string): Gauge => gauge(`kafka_topic_partition_${name}`, help, ofPartition)
  return {
    brokers: gauge('kafka_brokers', 'Brokers that take part in the cluster', []),
    partitions: gauge('kafka_topic_partitions', 'Partitions of a topic', ['topic']),
    end: partition('current_offset', 'End of the log'),
    start: partition('oldest_offset', 'Beginning of the log'),
    leader: partition('leader', 'Broker that leads, -1 while there is none'),
    preferred: partition('leader_is_preferred', 'Whether the first of the replicas leads'),
    replicas: partition('replicas', 'Replicas'),
    inSync: partition('in_sync_replica', 'Replicas that are in sync'),
    underReplicated: partition('under_replicated_partition', 'Whether a replica is not in sync'),
    retention: gauge('smsgw_topic_retention_seconds', 'How long a topic keeps its records', ['topic']),
    minInSync: gauge('smsgw_topic_min_insync_replicas', 'Replicas that must be in sync for a write', ['topic']),
    dirTotal: gauge('smsgw_kafka_log_dir_total_bytes', 'Size of the volume of a broker', ['broker', 'log_dir']),
    dirUsable: gauge('smsgw_kafka_log_dir_usable_bytes', 'Free space on the volume of a broker', ['broker', 'log_dir']),
    dirOnline: gauge('smsgw_kafka_log_dir_online', 'Whether a broker uses the folder', ['broker', 'log_dir']),
  }
}

/** The cluster and its topics as metrics, under the names of kafka_exporter where it has one. */
export class TopicMetrics {
  readonly #gauges: ReturnType<typeof topicGauges>

  constructor(metrics: Metrics) {
    this.#gauges = topicGauges(metrics)
  }

  publishEnds(ends: readonly PartitionEnds[]): void {
    const { end, start } = this.#gauges
    for (const gauge of [end, start]) gauge.reset()
    for (const { topic, partition, logStartOffset, logEndOffset } of ends) {
      end.set({ topic, partition }, logEndOffset)
      start.set({ topic, partition }, logStartOffset)
    }
  }

  /** Brokers, leaders and replicas, as the cluster's metadata has them: known even while nothing can be read. */
  publishReplicas(cluster: Cluster, topics: readonly string[]): void {
    const { brokers, partitions, leader, preferred, replicas, inSync, underReplicated } = this.#gauges
    brokers.set(cluster.brokerIds.length)
    for (const gauge of [partitions, leader, preferred, replicas, inSync, underReplicated]) gauge.reset()
    for (const topic of topics) {
      const known = cluster.topic(topic)?.partitions
      if (!known) continue
      partitions.set({ topic }, known.length)
      for (const { partition, leader: nodeId, replicas: all, inSync: current } of known) {
        leader.set({ topic, partition }, nodeId)
        preferred.set({ topic, partition }, nodeId === all[0] ? 1 : 0)
        replicas.set({ topic, partition }, all.length)
        inSync.set({ topic, partition }, current.length)
        underReplicated.set({ topic, partition }, current.length < all.length ? 1 : 0)
      }
    }
  }

  publishTopics(topics: Iterable<DescribedTopic>): void {
    const { retention, minInSync } = this.#gauges
    for (const gauge of [retention, minInSync]) gauge.reset()
    for (const { name: topic, configs, layout } of topics) {
      const retentionMs = Number(configs.get('retention.ms'))
      // A topic that keeps everything has no time after which something is lost.
      if (retentionMs > 0) retention.set({ topic }, retentionMs / 1_000)
      const replicas = Math.min(...layout.map((each) => each.replicas.length))
      minInSync.set({ topic }, effectiveMinInSync(configs.get(MIN_IN_SYNC), replicas))
    }
  }

  publishLogDirs(dirs: readonly LogDir[]): void {
    const { dirTotal, dirUsable, dirOnline } = this.#gauges
    for (const gauge of [dirTotal, dirUsable, dirOnline]) gauge.reset()
    for (const { nodeId: broker, path: log_dir, isOnline, totalBytes, usableBytes } of dirs) {
      dirOnline.set({ broker, log_dir }, isOnline ? 1 : 0)
      if (!isOnline) continue
      dirTotal.set({ broker, log_dir }, totalBytes)
      dirUsable.set({ broker, log_dir }, usableBytes)
    }
  }
}
