import { TOPICS } from '../../events/topics.ts'
import { BYTES_PER_MESSAGE } from './bytes-per-message.ts'
import type {
  BrokerLoss,
  CapacityPlan,
  ConsumerGroup,
  Drain,
  Limit,
  LoadRates,
  Processes,
  StoreDisk,
  TopicDisk,
  TopicPartitions,
} from './capacity-plan.ts'
import { eventsOf, planBandwidth, REQUIRED_DAILY, writeEquivalent } from './plan-bandwidth.ts'
import { PLANNED_TOPICS, type PlanInput, type PlannedTopic } from './plan-input.ts'
import type { RateName } from './plan-rates.ts'
import { asShown, downToTwoFigures, exactly, unitsFor, upToTwoFigures } from './round-figures.ts'
import {
  BROKERS_TO_SPARE,
  brokerBytesMax,
  brokerDataGbMax,
  brokerNeeds,
  CORE_BYTES_PER_SECOND,
  REBUILD_BYTES_PER_SECOND,
  sizeBroker,
} from './size-brokers.ts'

/*
  The whole arithmetic of the plan, each figure based on those before it:

    load       messages a day → average, planned and peak a second
    bandwidth  planned or peak × bytes; out × readers; replication × (replicas − 1)  (plan-bandwidth.ts)
    disk       a day × bytes × days of retention, ÷ compression, × replicas; ÷ brokers
    partitions peak ÷ what one partition takes, and at least one for each consumer that is needed
    consumers  peak ÷ what one consumer takes, as many as partitions at most
    brokers    by their data and by their cores, at least two more than replicas  (size-brokers.ts)
    drain      backlog ÷ (what is taken − what comes in)
    limits     what the structure of today takes ÷ what the peak asks of it
*/

const SECONDS_A_DAY = 86_400
/** Messages in the worst second for each message of a day: the requirements count 3,000/s at 100 million. */
const PEAK_PER_DAILY = 3_000 / REQUIRED_DAILY
/**
 * The share of what a process or server takes that the peak may ask of it; the rest is for failures and catching up.
 */
const USED_MAX = 0.6

const DISKS_TB = [1, 2, 4, 8, 16]
/** A recommended disk holds a broker's data so many times. */
const DISK_HEADROOM_MIN = 3

/** Partitions are added in steps of so many. */
const PARTITION_STEP = 10
/** Shards of the outbox, each with one relay at a time, in each database. */
const OUTBOX_SHARDS = 16
/** Processes that can give out ids at the same time: six bits of an `sms_id`. */
const ID_SLOTS = 64
/** A stateless role has a second process for when one stops. */
const PROCESSES_MIN = 2

interface Group {
  readonly name: string
  readonly topic: PlannedTopic
  readonly rate: RateName
  /** A floor, whatever the load: of the requirements for ClickHouse, analytics and workers, ours for the others. */
  readonly consumersMin: number
  /** Not built yet: shown with what it would need, and counted nowhere else but among the readers. */
  readonly isPlanned?: true
}

const GROUPS: readonly Group[] = [
  { name: 'ClickHouse', topic: 'accepted', rate: 'clickhouseConsumer', consumersMin: 10 },
  { name: 'analytics', topic: 'accepted', rate: 'analytics', consumersMin: 5, isPlanned: true },
  { name: 'audit', topic: 'accepted', rate: 'audit', consumersMin: 2 },
  { name: 'workers', topic: 'delivery', rate: 'worker', consumersMin: 10 },
  { name: 'status', topic: 'status', rate: 'status', consumersMin: 5 },
  { name: 'webhooks', topic: 'status', rate: 'webhooks', consumersMin: 5 },
]

/** What a load needs, and what today's structure takes of it. The input must have passed `findInputFault`. */
export function planCapacity(input: PlanInput): CapacityPlan {
  const load = loadRates(input)
  const bandwidth = planBandwidth(input, load)
  const atPeak = bandwidth.allTopicsAtPeak
  const equivalent = writeEquivalent(atPeak).bytesPerSecond
  const diskTopics = PLANNED_TOPICS.map((topic) => topicDisk(input, topic))
  const totalGb = asShown(diskTopics.reduce((sum, { replicatedGb }) => sum + replicatedGb, 0))
  const needs = brokerNeeds(input, totalGb, atPeak)
  const count = input.brokers ?? Math.max(...Object.values(needs))
  const perBrokerGb = asShown(totalGb / count)
  const perBrokerTb = input.diskTb ?? recommendedDiskTb(perBrokerGb)
  const disk = {
    topics: diskTopics,
    totalGb,
    perBrokerGb,
    perBrokerTb,
    headroom: headroom(perBrokerTb, perBrokerGb),
  }
  const topics = PLANNED_TOPICS.map((topic) => topicPartitions(input, load, topic))
  const consumers = GROUPS.map((group) => consumerGroup(input, load, group))
  const replicas = topics.reduce((sum, { partitions }) => sum + partitions, 0) * input.replicationFactor
  const { rates, ...asked } = input
  return {
    input: asked,
    load,
    bandwidth,
    disk,
    stores: storeDisks(input),
    topics,
    processes: processes(input, load.peakPerSecond),
    consumers,
    brokers: {
      count,
      needs,
      cores: input.brokerCores,
      partitionReplicasEach: Math.ceil(replicas / count),
      ...sizeBroker(input, count, atPeak),
    },
    oneBrokerLost: loseBroker(input, count, disk, equivalent),
    drain: drains(
      input,
      load,
      consumers.filter(({ isPlanned }) => !isPlanned),
    ),
    limits: limits(input, load, totalGb, equivalent),
    rates,
  }
}

/** The average of a day's messages as it is planned for: a little more, and easy to remember. */
export function plannedPerSecond(daily: number): number {
  return upToTwoFigures(daily / SECONDS_A_DAY)
}

/** Messages a second as they are counted, as they are planned for, and in the worst second. */
export function loadRates({ daily, growth, peakPerSecond }: PlanInput): LoadRates {
  const planned = plannedPerSecond(daily * growth)
  // A peak close to the average may fall below it when the average of the grown load is rounded up.
  const peak = Math.max(planned, peakPerSecond === null ? daily * growth * PEAK_PER_DAILY : peakPerSecond * growth)
  return {
    averagePerSecond: asShown((daily * growth) / SECONDS_A_DAY),
    plannedPerSecond: planned,
    peakPerSecond: exactly(peak),
  }
}

function topicDisk(input: PlanInput, topic: PlannedTopic): TopicDisk {
  const messageBytes = input.bytes[topic]
  const retentionDays = input.retentionDays[topic]
  const rawBytes = input.daily * input.growth * eventsOf(input, topic) * messageBytes * retentionDays
  const rawGb = asShown(rawBytes / 1e9)
  const compressedGb = asShown(rawGb / input.compressionRatio)
  return {
    topic: TOPICS[topic],
    messageBytes,
    retentionDays,
    rawGb,
    compressedGb,
    replicatedGb: asShown(compressedGb * input.replicationFactor),
    replicatedBytes: (rawBytes / input.compressionRatio) * input.replicationFactor,
  }
}

/** Disks of the stores beside Kafka, for one copy of what they keep. */
function storeDisks({ daily, growth }: PlanInput): StoreDisk[] {
  return BYTES_PER_MESSAGE.map((each) => ({
    ...each,
    dailyGb: asShown((daily * growth * each.bytes) / 1e9),
    totalGb: asShown((daily * growth * each.bytes * each.keptDays) / 1e9),
  }))
}

/** The smallest usual disk that holds the data some times over; the largest there is where none does. */
function recommendedDiskTb(perBrokerGb: number): number {
  return DISKS_TB.find((disk) => disk * 1_000 >= perBrokerGb * DISK_HEADROOM_MIN) ?? DISKS_TB.at(-1)!
}

function headroom(diskTb: number, perBrokerGb: number): number {
  return asShown((diskTb * 1_000) / perBrokerGb)
}

function topicPartitions(input: PlanInput, load: LoadRates, topic: PlannedTopic): TopicPartitions {
  const { partitions, needed } = partitionsOf(input, load.peakPerSecond, topic)
  const each = (perSecond: number): number => asShown((perSecond * eventsOf(input, topic)) / partitions)
  return {
    topic: TOPICS[topic],
    partitions,
    neededPartitions: needed,
    perPartitionPerSecond: each(load.plannedPerSecond),
    perPartitionPerSecondAtPeak: each(load.peakPerSecond),
  }
}

function partitionsOf(input: PlanInput, peakPerSecond: number, topic: PlannedTopic) {
  const needed = unitsFor(peakPerSecond, narrowest(input, topic).perSecond * USED_MAX)
  const declared = input.declaredPartitions[topic]
  const enough = needed <= declared ? declared : Math.ceil(needed / PARTITION_STEP) * PARTITION_STEP
  return { needed, partitions: input.partitions[topic] ?? enough }
}

/** What bounds the messages of one partition: the partition itself, or a consumer that has no other. */
function narrowest({ rates, ...input }: PlanInput, topic: PlannedTopic): { by: string; perSecond: number } {
  const records = Math.min(rates.producePartition.perSecond, rates.consumePartition.perSecond)
  const bounds = [{ by: 'the partition itself', perSecond: records / (topic === 'status' ? input.statusEvents : 1) }]
  for (const { name, rate } of GROUPS.filter((group) => group.topic === topic && !group.isPlanned)) {
    bounds.push({ by: name, perSecond: rates[rate].perSecond })
  }
  return bounds.reduce((least, bound) => (bound.perSecond < least.perSecond ? bound : least))
}

/** Consumers share partitions evenly: as few as leave none with more partitions than it can carry. */
function consumerGroup(input: PlanInput, load: LoadRates, group: Group): ConsumerGroup {
  const { name, topic, rate, consumersMin, isPlanned = false } = group
  const { partitions } = partitionsOf(input, load.peakPerSecond, topic)
  const { perSecond } = input.rates[rate]
  const needed = unitsFor(load.peakPerSecond, perSecond * USED_MAX)
  const wanted = Math.max(consumersMin, needed)
  const partitionsEach = Math.max(1, Math.floor(partitions / wanted))
  const takes = Math.min(
    (perSecond * partitions) / partitionsEach,
    (input.rates.consumePartition.perSecond * partitions) / eventsOf(input, topic),
  )
  return {
    name,
    topic: TOPICS[topic],
    isPlanned,
    neededByLoad: needed,
    floor: consumersMin,
    consumers: Math.ceil(partitions / partitionsEach),
    consumersMax: partitions,
    partitionsEach,
    takesPerSecond: asShown(takes),
    used: asShown(load.peakPerSecond / takes),
  }
}

function processes(input: PlanInput, peakPerSecond: number): Processes[] {
  const { api, relay, postgresPrimary, clickhouseServer } = input.rates
  const row = (name: string, each: number, countMin: number, countMax: number | null): Processes => {
    const needed = unitsFor(peakPerSecond, each * USED_MAX)
    const count = Math.max(countMin, needed)
    return {
      name,
      count,
      neededByLoad: needed,
      floor: countMin,
      countMax,
      used: asShown(peakPerSecond / (count * each)),
    }
  }
  const primaries = row('PostgreSQL primaries', postgresPrimary.perSecond, input.postgresPrimaries, null)
  return [
    row('API processes', api.perSecond, PROCESSES_MIN, ID_SLOTS),
    row('outbox relays', relay.perSecond, PROCESSES_MIN, OUTBOX_SHARDS * primaries.count),
    primaries,
    row('ClickHouse servers', clickhouseServer.perSecond, input.clickhouseServers, null),
    bindsTo(input, peakPerSecond),
  ]
}

/** What operators grant is used to the full: beyond it they throttle. */
function bindsTo({ binds, rates }: PlanInput, peakPerSecond: number): Processes {
  const each = rates.smscBind.perSecond
  const needed = unitsFor(peakPerSecond, each)
  const count = binds ?? needed
  return {
    name: 'binds to operators',
    count,
    neededByLoad: needed,
    floor: null,
    countMax: null,
    used: asShown(peakPerSecond / (count * each)),
  }
}

function loseBroker(
  { replicationFactor, minInSyncReplicas, brokerCores }: PlanInput,
  count: number,
  { totalGb, perBrokerGb, perBrokerTb }: CapacityPlan['disk'],
  equivalent: number,
): BrokerLoss {
  const brokersLeft = count - 1
  const copied = replicationFactor > 1 && brokersLeft >= replicationFactor ? asShown(totalGb / brokersLeft) : null
  return {
    brokersLeft,
    writesContinue: replicationFactor > Math.min(minInSyncReplicas, replicationFactor),
    unavailableShare: replicationFactor > 1 ? 0 : asShown(1 / count),
    perBrokerGb: copied,
    diskUsed: copied === null ? null : asShown(copied / (perBrokerTb * 1_000)),
    rebuildSeconds: replicationFactor > 1 ? asShown((perBrokerGb * 1e9) / REBUILD_BYTES_PER_SECOND) : null,
    coresUsed: asShown(equivalent / (brokersLeft * brokerCores * CORE_BYTES_PER_SECOND)),
  }
}

/** Seconds until a backlog is gone while more comes in; Infinity when no more is taken than comes. */
export function drainSeconds(backlog: number, takesPerSecond: number, arrivingPerSecond: number): number {
  const spare = takesPerSecond - arrivingPerSecond
  return spare > 0 ? asShown(backlog / spare) : Number.POSITIVE_INFINITY
}

function drains(input: PlanInput, load: LoadRates, groups: readonly ConsumerGroup[]): Drain[] {
  const backlog = Math.round(load.plannedPerSecond * input.outageMinutes * 60)
  const operators = bindsTo(input, load.peakPerSecond).count * input.rates.smscBind.perSecond
  return [...groups, { name: 'operators', takesPerSecond: operators }].map(({ name, takesPerSecond }) => ({
    group: name,
    backlog,
    secondsAtAverage: drainSeconds(backlog, takesPerSecond, load.plannedPerSecond),
    secondsAtPeak: drainSeconds(backlog, takesPerSecond, load.peakPerSecond),
  }))
}

function limits(input: PlanInput, { peakPerSecond }: LoadRates, totalGb: number, equivalent: number): Limit[] {
  const { postgresPrimary, api, relay, clickhouseServer, smscBind } = input.rates
  const daily = input.daily * input.growth
  const limit = (what: Limit['what'], have: number, load: number, each: number, by?: string): Limit => {
    const used = load / (have * each)
    return {
      what,
      ...(by === undefined ? {} : { by }),
      have,
      need: unitsFor(load, each),
      used: asShown(used),
      holdsUntilDaily: downToTwoFigures(daily / used),
    }
  }
  const brokers = input.brokers ?? input.replicationFactor + BROKERS_TO_SPARE
  const shards = OUTBOX_SHARDS * input.postgresPrimaries
  const all = PLANNED_TOPICS.map((topic) => {
    const { by, perSecond } = narrowest(input, topic)
    const partitions = input.partitions[topic] ?? input.declaredPartitions[topic]
    return limit(`partitions of ${TOPICS[topic]}`, partitions, peakPerSecond, perSecond * USED_MAX, by)
  })
  all.push(
    limit('PostgreSQL primaries', input.postgresPrimaries, peakPerSecond, postgresPrimary.perSecond * USED_MAX),
    limit('API processes, by slots of ids', ID_SLOTS, peakPerSecond, api.perSecond * USED_MAX),
    limit('outbox shards', shards, peakPerSecond, relay.perSecond * USED_MAX),
    limit('ClickHouse servers', input.clickhouseServers, peakPerSecond, clickhouseServer.perSecond * USED_MAX),
    limit('brokers, by data', brokers, totalGb, brokerDataGbMax(input)),
    limit('brokers, by cores', brokers, equivalent, brokerBytesMax(input)),
  )
  if (input.binds !== null) all.push(limit('binds to operators', input.binds, peakPerSecond, smscBind.perSecond))
  return all.sort((a, b) => a.holdsUntilDaily - b.holdsUntilDaily)
}
