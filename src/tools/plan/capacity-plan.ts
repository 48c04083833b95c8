import type { BytesPerMessage } from './bytes-per-message.ts'
import type { PlanInput } from './plan-input.ts'
import type { PlanRates } from './plan-rates.ts'

/** What a load needs. Figures are rounded as shown (`round-figures.ts`); those in bytes are exact. */
export interface CapacityPlan {
  readonly input: Omit<PlanInput, 'rates'>
  readonly load: LoadRates
  readonly bandwidth: {
    /** Of `sms.accepted`, which the requirements count by: on average, and in the worst second. */
    readonly accepted: Traffic
    readonly acceptedAtPeak: Traffic
    readonly allTopics: Traffic
    readonly allTopicsAtPeak: Traffic
    /** What the requirements state for the total of `sms.accepted`; null for another load than theirs. */
    readonly requiredMegabits: { readonly average: readonly [number, number]; readonly peak: number } | null
  }
  readonly disk: {
    readonly topics: readonly TopicDisk[]
    readonly totalGb: number
    readonly perBrokerGb: number
    readonly perBrokerTb: number
    /** How often a broker's data fits on its disk. */
    readonly headroom: number
  }
  /** PostgreSQL, ClickHouse and the audit log: one copy of each. */
  readonly stores: readonly StoreDisk[]
  readonly topics: readonly TopicPartitions[]
  readonly processes: readonly Processes[]
  readonly consumers: readonly ConsumerGroup[]
  readonly brokers: BrokerSize & {
    readonly count: number
    readonly needs: BrokerNeeds
    readonly cores: number
    readonly partitionReplicasEach: number
  }
  readonly oneBrokerLost: BrokerLoss
  readonly drain: readonly Drain[]
  /** What today's structure takes, the first bottleneck at the top. */
  readonly limits: readonly Limit[]
  /** What it is based on. */
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
  /** Of the exact bytes, not of what is shown. */
  readonly megabitsPerSecond: number
}

export interface Traffic {
  readonly in: Bandwidth
  readonly out: Bandwidth
  readonly replication: Bandwidth
  /** In, out and replication, which each cross the network once. */
  readonly total: Bandwidth
}

/** How many brokers each reason asks for. */
export interface BrokerNeeds {
  /** Whatever the load: as many as replicas, and some to spare. */
  readonly floor: number
  readonly byData: number
  readonly byCores: number
}

/** What one broker has to have. */
export interface BrokerSize {
  readonly heapGib: number
  /** Heap, and page cache for groups that are a little behind. */
  readonly memoryGibMin: number
  /** By its cores, or the least where that is more. */
  readonly memoryGib: number
  /** At the peak, replication included. */
  readonly receives: Bandwidth
  readonly sends: Bandwidth
  /** The same with one broker fewer. */
  readonly receivesOneLost: Bandwidth
  readonly sendsOneLost: Bandwidth
  /** The smallest usual network with room to spare. */
  readonly networkGbps: number
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

export interface StoreDisk extends BytesPerMessage {
  readonly dailyGb: number
  readonly totalGb: number
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
  /** By the load alone. */
  readonly neededByLoad: number
  /** At least so many whatever the load; null for no floor. */
  readonly floor: number | null
  /** Null for no limit. */
  readonly countMax: number | null
  /** Of what they take, at the peak; 1 is all. */
  readonly used: number
}

export interface ConsumerGroup {
  readonly name: string
  readonly topic: string
  /** Not built yet, and counted nowhere else. */
  readonly isPlanned: boolean
  readonly consumers: number
  /** By the load alone, before it is shared evenly. */
  readonly neededByLoad: number
  /** At least so many whatever the load. */
  readonly floor: number
  /** More than partitions would be idle. */
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
  /** Whether every partition still takes acknowledged writes. */
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
  /** What sets it, where it could be more than one. */
  readonly by?: string
  readonly have: number
  /** For the load that is planned for. */
  readonly need: number
  /** Of what today's structure may carry, at the peak; above 1 it breaks. */
  readonly used: number
  /** Messages a day up to which it holds. */
  readonly holdsUntilDaily: number
}
