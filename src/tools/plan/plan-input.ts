import { TOPICS } from '../../events/topics.ts'
import type { DeclaredTopic } from '../../topics/topics-file.ts'
import type { PlanRates } from './plan-rates.ts'

/** The topics that grow with the messages. Dead letters are not planned for: they are to be few. */
export const PLANNED_TOPICS = ['accepted', 'delivery', 'status'] as const

export type PlannedTopic = (typeof PLANNED_TOPICS)[number]

export type PerTopic<T> = Readonly<Record<PlannedTopic, T>>

/** What is to be planned for. Counts are whole and above 0 unless said otherwise. */
export interface PlanInput {
  readonly daily: number
  /** Messages a second in the worst second, before growth; null for the usual multiple of the average. */
  readonly peakPerSecond: number | null
  /** By what the load is multiplied before anything is planned; 1 or more, may be a fraction. */
  readonly growth: number
  readonly replicationFactor: number
  /** How many replicas must have a record before it is acknowledged. */
  readonly minInSyncReplicas: number
  /** Raw bytes to stored bytes; 1 or more, may be a fraction. */
  readonly compressionRatio: number
  /** Consumer groups that read `sms.accepted`. */
  readonly readers: number
  /** Status events of a message. The requirement counts one; the gateway publishes up to four. */
  readonly statusEvents: number
  readonly bytes: PerTopic<number>
  readonly retentionDays: PerTopic<number>
  /** As the topics are today. */
  readonly declaredPartitions: PerTopic<number>
  /** To plan with, whether they suffice or not; null for as many as are needed. */
  readonly partitions: PerTopic<number | null>
  /** Null for as many as are needed. */
  readonly brokers: number | null
  readonly brokerCores: number
  /** Null for the smallest usual disk with room to spare. */
  readonly diskTb: number | null
  readonly postgresPrimaries: number
  readonly clickhouseServers: number
  /** That operators have granted; null for as many as are needed. */
  readonly binds: number | null
  /** How long the outage of a consumer group lasts whose backlog is to be drained. */
  readonly outageMinutes: number
  readonly rates: PlanRates
}

/** Sizes, readers and the rest as the requirement has them; partitions, retention and replication as declared. */
export function planDefaults(topics: readonly DeclaredTopic[]): Omit<PlanInput, 'daily' | 'rates'> {
  const declared = perTopic((topic) => topics.find(({ name }) => name === TOPICS[topic]))
  return {
    peakPerSecond: null,
    growth: 1,
    replicationFactor: declared.accepted?.replicationFactor ?? 3,
    minInSyncReplicas: Number(declared.accepted?.configs['min.insync.replicas'] ?? 1),
    compressionRatio: 3,
    readers: 3,
    statusEvents: 1,
    bytes: { accepted: 300, delivery: 250, status: 200 },
    retentionDays: perTopic((topic) => retentionDays(declared[topic])),
    declaredPartitions: perTopic((topic) => declared[topic]?.partitions ?? 1),
    partitions: perTopic(() => null),
    brokers: null,
    brokerCores: 8,
    diskTb: null,
    postgresPrimaries: 1,
    clickhouseServers: 1,
    binds: null,
    outageMinutes: 60,
  }
}

export function perTopic<T>(of: (topic: PlannedTopic) => T): PerTopic<T> {
  return { accepted: of('accepted'), delivery: of('delivery'), status: of('status') }
}

/** Kafka's own default is a week; what is kept for ever (-1) cannot be planned, and is planned as that. */
function retentionDays(topic: DeclaredTopic | undefined): number {
  const retentionMs = Number(topic?.configs['retention.ms'])
  return retentionMs > 0 ? retentionMs / 86_400_000 : 7
}
