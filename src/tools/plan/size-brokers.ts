import type { BrokerNeeds, BrokerSize, Traffic } from './capacity-plan.ts'
import { bandwidth, writeEquivalent } from './plan-bandwidth.ts'
import type { PlanInput } from './plan-input.ts'
import { unitsFor } from './round-figures.ts'

/** Of a disk whose size is given. */
const DISK_USED_MAX = 0.7
/** More on one broker takes too many hours to copy when the broker is lost. */
const BROKER_DATA_GB_MAX = 2_000
/** One broker in maintenance and one lost, and still as many as replicas. */
export const BROKERS_TO_SPARE = 2

/** Written bytes a second for each core, and the share of it to use: Google's guide to sizing a Kafka cluster. */
export const CORE_BYTES_PER_SECOND = 20_000_000
const CORES_USED_MAX = 0.5
/** The same guide's memory for each core, most of which is page cache. */
const MEMORY_GIB_PER_CORE = 4

/** Of the JVM: what a broker with thousands of partition replicas needs; more only lengthens its pauses. */
const HEAP_GIB = 5
/** Beside heap and page cache: threads, buffers, the system. */
const OTHER_GIB = 1
/** A group that is no further behind is served from memory, and does not slow the disks. */
const CACHED_SECONDS = 600

/** What an empty broker copies from the others without slowing them. */
export const REBUILD_BYTES_PER_SECOND = 100_000_000
const NETWORKS_GBPS = [1, 10, 25, 40, 100]
/** Of the network at the peak with one broker lost; the rest is for groups that catch up. */
const NETWORK_USED_MAX = 0.5

/** How many brokers each reason asks for; the floor is as many as replicas, and some to spare. */
export function brokerNeeds(input: PlanInput, totalGb: number, atPeak: Traffic): BrokerNeeds {
  return {
    floor: input.replicationFactor + BROKERS_TO_SPARE,
    byData: unitsFor(totalGb, brokerDataGbMax(input)),
    byCores: unitsFor(writeEquivalent(atPeak).bytesPerSecond, brokerBytesMax(input)),
  }
}

export function brokerDataGbMax({ diskTb }: PlanInput): number {
  return diskTb === null ? BROKER_DATA_GB_MAX : Math.min(BROKER_DATA_GB_MAX, diskTb * 1_000 * DISK_USED_MAX)
}

/** Bytes a second that a broker's cores are to write at the peak. */
export function brokerBytesMax({ brokerCores }: PlanInput): number {
  return brokerCores * CORE_BYTES_PER_SECOND * CORES_USED_MAX
}

/** Memory and network of one broker among so many, at the peak. A lost broker's share falls to the others. */
export function sizeBroker({ brokerCores }: PlanInput, count: number, atPeak: Traffic): BrokerSize {
  const left = Math.max(1, count - 1)
  const copied = atPeak.replication.bytesPerSecond
  const received = atPeak.in.bytesPerSecond + copied
  const sent = atPeak.out.bytesPerSecond + copied
  const cacheGib = ((received / left) * CACHED_SECONDS) / 2 ** 30
  const busiest = bandwidth(Math.max(received, sent) / left).megabitsPerSecond
  const rebuilding = busiest + bandwidth(REBUILD_BYTES_PER_SECOND).megabitsPerSecond
  const megabitsMin = Math.max(busiest / NETWORK_USED_MAX, rebuilding)
  const memoryGibMin = Math.ceil(HEAP_GIB + OTHER_GIB + cacheGib)
  return {
    heapGib: HEAP_GIB,
    memoryGibMin,
    memoryGib: Math.max(memoryGibMin, brokerCores * MEMORY_GIB_PER_CORE),
    receives: bandwidth(received / count),
    sends: bandwidth(sent / count),
    receivesOneLost: bandwidth(received / left),
    sendsOneLost: bandwidth(sent / left),
    networkGbps: NETWORKS_GBPS.find((gbps) => megabitsMin <= gbps * 1_000) ?? NETWORKS_GBPS.at(-1)!,
  }
}
