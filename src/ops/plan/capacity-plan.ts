import type { PlanInput } from './plan-input.ts'
import type { PlanRates } from './plan-rates.ts'
import type { StoreDisk } from './store-disk.ts'

/** What a load needs. Figures are rounded as shown (`round-figures.ts`); those in bytes are exact. */
export interface CapacityPlan {
  readonly input: Omit<PlanInput, 'rates'>
  readonly load: LoadRates
  readonly bandwidth: {
    /** Of `sms.accepted`, which the requirement counts by. */
    readonly accepted: Traffic & { readonly inAtPeak: Bandwidth }
    readonly allTopicsAtPeak: Traffic & {
      /** Writes and a quarter of the reads: what a broker's cores are sized by. */
      readonly writeEquivalent: Bandwidth
    }
  }
  readonly disk: {
    readonly topics: readonly TopicDisk[]
    readonly totalGb: number
    readonly perBrokerGb: number
    readonly perBrokerTb: number
    /** How often a broker's data fits on its disk. */
    readonly headroom: number
    /** One copy of each. */
    readonly stores: readonly StoreDisk[]
  }
  readonly topics: readonly TopicPartitions[]
  readonly processes: readonly Processes[]
  readonly consumers: readonly ConsumerGroup[]
  readonly brokers: { readonly count: number; readonly cores: number; readonly partitionReplicasEach: number }
  readonly oneBrokerLost: BrokerLoss
  readonly drain: readonly Drain[]
  /** What today's structure takes, the one that gives way first at the top. */
  readonly limits: readonly Limit[]
  /** What it stands on. */
  readonly rates: PlanRates
}

export interface LoadRates {
  readonly averagePerSecond: number
  readonly plannedPerSecond: number
  readonly peakPerSecond: number
}

export interface Bandwidth {
  readonly bytesPerSecond: number
  /** With its unit. */
  readonly shown: string
  /** Of the shown. */
  readonly megabitsPerSecond: number
}

export interface Traffic {
  readonly in: Bandwidth
  readonly out: Bandwidth
  readonly replication: Bandwidth
}

export interface TopicDisk {
  readonly topic: string
  readonly messageBytes: number
  readonly retentionDays: number
  readonly rawGb: number
  readonly compressedGb: number
  readonly replicatedGb: number
  readonly replicatedBytes: number
}

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: number
  readonly neededPartitions: number
  readonly perPartitionPerSecond: number
  readonly perPartitionPerSecondAtPeak: number
}

/** Processes and servers that take part in no consumer group. */
export interface Processes {
  readonly name: string
  readonly count: number
  /** Null for no limit. */
  readonly countMax: number | null
  /** Of what they take, at the peak; 1 is all. */
  readonly used: number
}

export interface ConsumerGroup {
  readonly name: string
  readonly topic: string
  readonly consumers: number
  /** More than partitions would stand idle. */
  readonly consumersMax: number
  /** Of the busiest consumer. */
  readonly partitionsEach: number
  readonly takesPerSecond: number
  readonly used: number
}

export interface Drain {
  readonly group: string
  readonly backlog: number
  /** Infinity, which JSON has as null, when it takes no more than comes in. */
  readonly secondsAtAverage: number
  readonly secondsAtPeak: number
}

export interface BrokerLoss {
  readonly brokersLeft: number
  /** Whether every partition goes on taking acknowledged writes. */
  readonly writesContinue: boolean
  /** Of the partitions, how many have no copy left. */
  readonly unavailableShare: number
  /** When its data was copied to the others; null when there are fewer than replicas. */
  readonly perBrokerGb: number | null
  readonly diskUsed: number | null
  readonly rebuildSeconds: number | null
  /** By those that are left. */
  readonly coresUsed: number
}

export interface Limit {
  readonly what: string
  /** Who sets it, where it could be more than one. */
  readonly by?: string
  readonly have: number
  /** For the load that is planned for. */
  readonly need: number
  /** Of what today's structure may carry, at the peak; above 1 it breaks. */
  readonly used: number
  /** Messages a day up to which it holds. */
  readonly holdsUntilDaily: number
}
