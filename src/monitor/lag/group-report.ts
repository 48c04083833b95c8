import type { LagHistory, LagReport } from './lag-history.ts'
import { type GroupLag, judgeGroup, type LagStatus, worstStatus } from './lag-rules.ts'
import type { SampledGroup } from './read-lag.ts'

export interface TopicReport {
  readonly topic: string
  readonly lag: number
  readonly seconds: number | null
}

/** What is known of a group as a whole: its worst partition decides its status, `judgeGroup` its level. */
export interface GroupReport extends SampledGroup, GroupLag {
  readonly status: LagStatus
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
    const { lag, seconds } = judgeGroup(members)
    return { topic, lag, seconds }
  })
  const furthest = partitions.reduce<LagReport | null>(
    (most, each) => (most && most.lag >= each.lag ? most : each),
    null,
  )
  return {
    ...group,
    status: worstStatus(partitions.map(({ status }) => status)),
    ...judgeGroup(partitions),
    lostRecords: partitions.reduce((sum, { lostRecords }) => sum + lostRecords, 0),
    topics,
    furthest,
    partitions,
  }
}
