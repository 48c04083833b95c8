import type { GroupReport } from './group-report.ts'
import type { LagReport } from './lag-history.ts'
import { type GroupLag, judgeGroup, type LagLevel, type LagStatus, statusLevel, worstLevel } from './lag-rules.ts'
import type { LagTrend } from './lag-trend.ts'
import { partitionName } from './read-lag.ts'

/** A partition as `smsgw lag` shows it: null for what the samples do not show yet. */
export interface PartitionSummary
  extends Pick<
    LagReport,
    'topic' | 'partition' | 'currentOffset' | 'logStartOffset' | 'logEndOffset' | 'lag' | 'lostRecords' | 'trend'
  > {
  readonly seconds: number | null
  readonly status: LagStatus | null
}

/** A group as `smsgw lag` shows it. */
export interface GroupSummary extends GroupLag {
  readonly group: string
  readonly state: string
  readonly members: number | null
  /** The worst of its partitions; null while none is certain. */
  readonly status: LagStatus | null
  readonly trend: Pick<LagTrend, 'direction' | 'perSecond'> | null
  readonly lostRecords: number
  /** The partition with the most records; null when nothing was committed. */
  readonly worst: Pick<PartitionSummary, 'topic' | 'partition' | 'lag' | 'seconds'> | null
  readonly partitions: readonly PartitionSummary[]
}

/** All groups together. A record counts once for each group that has still to read it. */
export interface LagSummary {
  readonly groups: readonly GroupSummary[]
  readonly total: {
    readonly groups: number
    readonly lag: number
    readonly seconds: number | null
    readonly level: LagLevel
  }
}

/** `exactSeconds` has the ages that were read from the records themselves, in seconds. */
export function summarizeLag(
  reports: readonly GroupReport[],
  exactSeconds: ReadonlyMap<LagReport, number>,
): LagSummary {
  const groups = reports.map((report) => summarizeGroup(report, exactSeconds))
  const { lag, seconds } = judgeGroup(groups)
  // Groups do not share a backlog, so the whole is as bad as the worst of them, not as their sum.
  const level = worstLevel(
    groups.flatMap((each) => [each.level, each.status === null ? 'normal' : statusLevel(each.status)]),
  )
  return { groups, total: { groups: groups.length, lag, seconds, level } }
}

function summarizeGroup(report: GroupReport, exactSeconds: ReadonlyMap<LagReport, number>): GroupSummary {
  const { groupId: group, state, members, lostRecords, status, furthest } = report
  const partitions = report.partitions.map((each) => summarizePartition(each, exactSeconds.get(each)))
  const isCertain = status !== 'OK' || report.partitions.every((each) => each.isCertain)
  const name = furthest && partitionName(furthest)
  const worst = partitions.find((each) => partitionName(each) === name)
  return {
    group,
    state,
    members,
    ...judgeGroup(partitions),
    status: isCertain && worst ? status : null,
    trend: trendOf(partitions),
    lostRecords,
    worst: worst ? { topic: worst.topic, partition: worst.partition, lag: worst.lag, seconds: worst.seconds } : null,
    partitions,
  }
}

function summarizePartition(report: LagReport, exactSeconds: number | undefined): PartitionSummary {
  const { topic, partition, currentOffset, logStartOffset, logEndOffset, lag, lostRecords, trend } = report
  return {
    topic,
    partition,
    currentOffset,
    logStartOffset,
    logEndOffset,
    lag,
    seconds: exactSeconds ?? (report.isGuess ? null : report.seconds),
    status: report.isCertain ? report.status : null,
    trend,
    lostRecords,
  }
}

/** The trends of the partitions added up; steady when each of them is. */
function trendOf(partitions: readonly PartitionSummary[]): GroupSummary['trend'] {
  const trends = partitions.flatMap(({ trend }) => (trend === null ? [] : [trend]))
  if (trends.length === 0) return null
  const perSecond = trends.reduce((sum, trend) => sum + trend.perSecond, 0)
  if (perSecond === 0 || trends.every(({ direction }) => direction === 'steady'))
    return { direction: 'steady', perSecond }
  return { direction: perSecond > 0 ? 'growing' : 'shrinking', perSecond }
}
