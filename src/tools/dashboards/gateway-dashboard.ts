import { LAG_CRITICAL, LAG_WARNING, SECONDS_CRITICAL, SECONDS_WARNING } from '../../monitor/lag/lag-rules.ts'
import { datasourceVariable, labelVariable, layOut, type RowSpec } from './grafana-panels.ts'

const CHOSEN = 'group=~"$group",topic=~"$topic"'
const TOPIC = 'topic=~"$topic"'

const quantile = (of: number, metric: string, by = 'le'): string =>
  `histogram_quantile(${of}, sum by (${by}) (rate(${metric}_bucket[$__rate_interval])))`

const rate = (selector: string, by = ''): string =>
  `sum ${by ? `by (${by}) ` : ''}(rate(${selector}[$__rate_interval]))`

const ROWS: readonly RowSpec[] = [
  {
    title: 'Overview',
    panels: [
      {
        title: 'Requests',
        unit: 'reqps',
        queries: { '{{status}}': rate('smsgw_http_request_duration_seconds_count', 'status') },
      },
      {
        title: 'Time to answer',
        unit: 's',
        queries: {
          p50: quantile(0.5, 'smsgw_http_request_duration_seconds'),
          p95: quantile(0.95, 'smsgw_http_request_duration_seconds'),
          p99: quantile(0.99, 'smsgw_http_request_duration_seconds'),
        },
      },
      {
        title: 'Messages',
        unit: 'mps',
        queries: {
          'to Kafka': rate('smsgw_outbox_published_total'),
          'taken by operators': rate('smsgw_submits_total{result=~"sent|unidentified"}'),
        },
      },
      {
        title: 'Canary, by stage',
        description: 'Median time of each stage of canary messages',
        unit: 's',
        queries: { '{{stage}}': quantile(0.5, 'smsgw_canary_stage_seconds', 'le, stage') },
      },
      {
        title: 'Last canary',
        unit: 's',
        kind: 'stat',
        thresholds: [5, 10],
        queries: { 'round trip': 'max(smsgw_canary_roundtrip_seconds)' },
      },
      {
        title: 'Waiting',
        unit: 'short',
        queries: {
          'to be accepted': 'sum(smsgw_accept_waiting_messages)',
          'for an operator': 'sum(smsgw_tasks_waiting)',
          'for an endpoint': 'max(smsgw_webhook_retries_waiting)',
        },
      },
    ],
  },
  {
    title: 'Lag',
    panels: [
      {
        title: 'Level of each group',
        description:
          '0 normal, 1 warning, 2 critical: by the sum of its partitions and the seconds of the worst, as `smsgw lag`',
        unit: 'short',
        thresholds: [1, 2],
        queries: { '{{group}}': 'max by (group) (smsgw_consumergroup_lag_level{group=~"$group"})' },
      },
      {
        title: 'Seconds behind',
        unit: 's',
        thresholds: [SECONDS_WARNING, SECONDS_CRITICAL],
        columns: 12,
        queries: { '{{group}} {{topic}}': `max by (group, topic) (kafka_consumer_lag_seconds{${CHOSEN}})` },
      },
      {
        title: 'Records behind, by group',
        unit: 'short',
        thresholds: [LAG_WARNING, LAG_CRITICAL],
        columns: 12,
        queries: { '{{group}}': `sum by (group) (max by (group, topic) (kafka_consumer_lag{group=~"$group"}))` },
      },
      {
        title: 'Status',
        description: '1 OK, 2 WARN, 4 STOP, 5 STALL, 6 REWIND, 7 LOSS',
        unit: 'short',
        thresholds: [2, 4],
        queries: { '{{group}}': 'max by (group) (smsgw_consumergroup_status{group=~"$group"})' },
      },
      {
        title: 'Members',
        unit: 'short',
        queries: {
          '{{consumergroup}}': 'max by (consumergroup) (kafka_consumergroup_members{consumergroup=~"$group"})',
        },
      },
      {
        title: 'Partitions furthest behind',
        unit: 'short',
        kind: 'table',
        queries: {
          lag: `topk(10, max by (group, topic, partition) (smsgw_consumergroup_max_partition_lag{${CHOSEN}}))`,
        },
      },
    ],
  },
  {
    title: 'Operators and endpoints',
    panels: [
      {
        title: 'Submits',
        unit: 'ops',
        queries: { '{{operator}} {{result}}': rate('smsgw_submits_total', 'operator, result') },
      },
      {
        title: 'Time to answer a submit, p95',
        unit: 's',
        queries: { '{{operator}}': quantile(0.95, 'smsgw_submit_duration_seconds', 'le, operator') },
      },
      {
        title: 'Receipts',
        unit: 'ops',
        queries: { '{{operator}} {{outcome}}': rate('smsgw_receipts_total', 'operator, outcome') },
      },
      {
        title: 'Posts to endpoints',
        unit: 'ops',
        queries: { '{{outcome}}': rate('smsgw_webhook_deliveries_total', 'outcome') },
      },
      {
        title: 'Unavailable operators',
        unit: 'short',
        kind: 'stat',
        thresholds: [1, 2],
        queries: { '{{process}}': 'max by (process) (smsgw_operators - smsgw_operators_ready)' },
      },
      {
        title: 'Breakers: 0 closed, 1 trying, 2 open',
        unit: 'short',
        queries: { '{{operator}}': 'max by (operator) (smsgw_operator_breaker)' },
      },
      {
        title: 'Missing binds',
        unit: 'short',
        queries: { '{{operator}}': 'sum by (operator) (smsgw_smpp_binds - smsgw_smpp_binds_bound)' },
      },
      {
        title: 'Receipts for each message taken, within an hour',
        unit: 'percentunit',
        queries: {
          '{{operator}}':
            'sum by (operator) (rate(smsgw_receipts_total{outcome=~"matched|repeated"}[1h])) / sum by (operator) (rate(smsgw_submits_total{result="sent"}[1h]))',
        },
      },
    ],
  },
  {
    title: 'Dead letters',
    panels: [
      {
        title: 'Records stored',
        unit: 'short',
        columns: 12,
        queries: {
          '{{reason}}': 'max by (reason) (smsgw_dlq_records)',
        },
      },
      {
        title: 'New in a quarter of an hour',
        unit: 'short',
        columns: 12,
        queries: {
          records: 'sum(max by (reason) (delta(smsgw_dlq_records[15m])))',
        },
      },
    ],
  },
  {
    title: 'Cluster',
    panels: [
      { title: 'Brokers', unit: 'short', kind: 'stat', queries: { brokers: 'max(kafka_brokers)' } },
      {
        title: 'Partitions in trouble',
        unit: 'short',
        thresholds: [1, 2],
        queries: {
          'without a leader': `count(max by (topic, partition) (kafka_topic_partition_leader{${TOPIC}}) == -1) or vector(0)`,
          'under-replicated': `sum(max by (topic, partition) (kafka_topic_partition_under_replicated_partition{${TOPIC}}))`,
          'under min ISR': `count(max by (topic, partition) (kafka_topic_partition_in_sync_replica{${TOPIC}}) < on (topic) group_left () max by (topic) (smsgw_topic_min_insync_replicas)) or vector(0)`,
        },
      },
      {
        title: 'Free disk',
        unit: 'percentunit',
        queries: {
          '{{broker}} {{log_dir}}':
            'max by (broker, log_dir) (smsgw_kafka_log_dir_usable_bytes / smsgw_kafka_log_dir_total_bytes)',
        },
      },
      {
        title: 'Written to topics',
        unit: 'wps',
        queries: {
          '{{topic}}': `sum by (topic) (max by (topic, partition) (rate(kafka_topic_partition_current_offset{${TOPIC}}[$__rate_interval])))`,
        },
      },
    ],
  },
  {
    title: 'Processes',
    panels: [
      { title: 'CPU', unit: 'short', queries: { '{{process}}': rate('process_cpu_seconds_total', 'process') } },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: { '{{process}}': 'sum by (process) (process_resident_memory_bytes)' },
      },
      {
        title: 'Event loop lag, p99',
        unit: 's',
        queries: { '{{process}}': 'max by (process) (nodejs_eventloop_lag_p99_seconds)' },
      },
    ],
  },
]

/** The dashboard of the gateway, as Grafana imports it. Its `uid` is fixed, so that a new version replaces the old. */
export function gatewayDashboard(): object {
  return {
    uid: 'smsgw',
    title: 'SMS gateway',
    tags: ['smsgw', 'kafka'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        datasourceVariable,
        labelVariable('group', 'kafka_consumer_lag', 'group'),
        labelVariable('topic', 'kafka_topic_partitions', 'topic'),
      ],
    },
    panels: layOut(ROWS),
  }
}
