import type { Bandwidth, CapacityPlan, LoadRates, Traffic } from './capacity-plan.ts'
import { PLANNED_TOPICS, type PlanInput, type PlannedTopic } from './plan-input.ts'
import { asShown, exactly } from './round-figures.ts'

/** Messages a day that the requirements are written for. */
export const REQUIRED_DAILY = 100_000_000
/** Of all traffic of `sms.accepted` (in, out to three readers, replication) at that load, as the requirements state it. */
export const REQUIRED_MEGABITS = { average: [15, 20], peak: 50 } as const

/** Groups that read a topic besides the counted readers of `sms.accepted`: workers; PostgreSQL, ClickHouse, webhooks, audit. */
const OTHER_READERS = { delivery: 1, status: 4 }
const READ_WEIGHT = 0.25

const BANDWIDTH_UNITS = [
  [1e9, 'GB/s'],
  [1e6, 'MB/s'],
  [1e3, 'KB/s'],
] as const

/** Bytes in the largest unit of which it is at least one, rounded as shown; megabits from the exact bytes. */
export function bandwidth(bytesPerSecond: number): Bandwidth {
  const [unit, name] = BANDWIDTH_UNITS.find(([least]) => bytesPerSecond >= least) ?? [1, 'B/s']
  const shown = asShown(bytesPerSecond / unit)
  return {
    bytesPerSecond: exactly(bytesPerSecond),
    shown: `${shown.toLocaleString('en', { maximumSignificantDigits: 12 })} ${name}`,
    megabitsPerSecond: exactly((bytesPerSecond * 8) / 1e6),
  }
}

/** What the clients and the brokers send each other, on average and in the worst second. */
export function planBandwidth(
  input: PlanInput,
  { plannedPerSecond, peakPerSecond }: LoadRates,
): CapacityPlan['bandwidth'] {
  const isRequiredLoad = input.daily * input.growth === REQUIRED_DAILY
  return {
    accepted: acceptedTraffic(input, plannedPerSecond),
    acceptedAtPeak: acceptedTraffic(input, peakPerSecond),
    allTopics: allTraffic(input, plannedPerSecond),
    allTopicsAtPeak: allTraffic(input, peakPerSecond),
    requiredMegabits: isRequiredLoad ? REQUIRED_MEGABITS : null,
  }
}

/** Status events count as often as a message has them. */
export function eventsOf({ statusEvents }: PlanInput, topic: PlannedTopic): number {
  return topic === 'status' ? statusEvents : 1
}

/** Bytes a second that cost the brokers' cores as much as writing so many: writes, and a quarter of the reads. */
export function writeEquivalent({ in: produced, out, replication }: Traffic): Bandwidth {
  const [written, copied] = [produced.bytesPerSecond, replication.bytesPerSecond]
  return bandwidth(written + copied + READ_WEIGHT * (out.bytesPerSecond + copied))
}

function acceptedTraffic(input: PlanInput, perSecond: number): Traffic {
  const bytes = perSecond * input.bytes.accepted
  return traffic(bytes, bytes * input.readers, input)
}

function allTraffic(input: PlanInput, perSecond: number): Traffic {
  const each = (topic: PlannedTopic): number => perSecond * eventsOf(input, topic) * input.bytes[topic]
  const produced = PLANNED_TOPICS.reduce((sum, topic) => sum + each(topic), 0)
  const { delivery, status } = OTHER_READERS
  return traffic(
    produced,
    each('accepted') * input.readers + each('delivery') * delivery + each('status') * status,
    input,
  )
}

function traffic(produced: number, consumed: number, { replicationFactor }: PlanInput): Traffic {
  const replicated = produced * (replicationFactor - 1)
  return {
    in: bandwidth(produced),
    out: bandwidth(consumed),
    replication: bandwidth(replicated),
    total: bandwidth(produced + consumed + replicated),
  }
}
