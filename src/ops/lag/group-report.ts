import type { LagHistory, LagReport } from './lag-history.ts'
import { type LagLevel, type LagStatus, lagLevel, worstStatus } from './lag-rules.ts'
import type { SampledGroup } from './read-lag.ts'

export interface TopicReport {
  readonly topic: string
  readonly lag: number
  readonly seconds: number | null
}

/** What is known of a group as a whole: its worst partition decides its status. */
export interface GroupReport extends SampledGroup {
  readonly status: LagStatus
  readonly level: LagLevel
  readonly lag: number
  readonly seconds: number | null
  readonly lostRecords: number
  readonly topics: readonly TopicReport[]
  /** The partition that is furthest behind; null when nothing was committed. */
  readonly furthest: LagReport | null
  readonly partitions: readonly LagReport[]
}

/** Every group of the last sample, in the order of their names. */
export function groupReports(history: LagHistory): GroupReport[] {
  const byGroup = Map.groupBy(history.report(), ({ group }) => group)
  return history.groups.map((group) => reportGroup(group, byGroup.get(group.groupId) ?? []))
}

function reportGroup(group: SampledGroup, partitions: readonly LagReport[]): GroupReport {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, members]) => {
    return { topic, lag: sum(members.map(({ lag }) => lag)), seconds: most(members.map(({ seconds }) => seconds)) }
  })
  const lag = sum(topics.map((each) => each.lag))
  const seconds = most(topics.map((each) => each.seconds))
  const furthest = partitions.reduce<LagReport | null>(
    (most, each) => (most && most.lag >= each.lag ? most : each),
    null,
  )
  return {
    ...group,
    status: worstStatus(partitions.map(({ status }) => status)),
    level: lagLevel(Math.max(0, ...topics.map((each) => each.lag)), seconds),
    lag,
    seconds,
    lostRecords: sum(partitions.map(({ lostRecords }) => lostRecords)),
    topics,
    furthest,
    partitions,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Null when none is known. */
function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
