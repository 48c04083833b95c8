import { judgeGroup, judgePartition, type LagStatus, type OffsetSample } from './lag-rules.ts'
import { type LagTrend, lagTrend } from './lag-trend.ts'
import { ProductionTimes } from './production-times.ts'
import { type LagSample, type PartitionEnds, type PartitionLag, partitionName, type SampledGroup } from './read-lag.ts'

/** What is known of a group in a partition. */
export interface LagReport extends PartitionLag {
  /** How long ago the next record that the group would read was produced; 0 when nothing waits, null when unknown. */
  readonly seconds: number | null
  /** The record is older than what was watched, so `seconds` is a guess from its rate. */
  readonly isGuess: boolean
  readonly status: LagStatus
  /** See `Judgement.isCertain`. */
  readonly isCertain: boolean
  /** Null after a single sample. */
  readonly trend: LagTrend | null
  /** Records that retention removed before the group read them. */
  readonly lostRecords: number
}

interface Followed {
  lag: PartitionLag
  readonly samples: OffsetSample[]
}

/**
 * Samples of all groups over a window, and what they say. What a sample no longer has is forgotten with all that was
 * known of it; only a partition that has no leader for a while keeps its last values.
 */
export class LagHistory {
  readonly windowMs: number
  readonly #followed = new Map<string, Followed>()
  readonly #times = new Map<string, ProductionTimes>()
  #groups: readonly SampledGroup[] = []
  #partitions = new Map<string, PartitionEnds>()
  #atMs = 0

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  get groups(): readonly SampledGroup[] {
    return this.#groups
  }

  get partitions(): readonly PartitionEnds[] {
    return [...this.#partitions.values()]
  }

  add(sample: LagSample): void {
    this.#atMs = sample.atMs
    this.#groups = sample.groups
    this.#followPartitions(sample)
    const present = new Set(sample.groups.map(({ groupId }) => groupId))
    const found = new Set<string>()
    for (const lag of sample.lags) {
      const key = `${lag.group} ${partitionName(lag)}`
      found.add(key)
      this.#follow(key, lag)
    }
    for (const [key, { lag }] of this.#followed) {
      const isOutOfSight = sample.leaderless.has(partitionName(lag)) && present.has(lag.group)
      if (!found.has(key) && !isOutOfSight) this.#followed.delete(key)
    }
  }

  /** Records of which it would help to know when they were produced: next ones that are older than what was watched. */
  beyondReach(max: number): PartitionLag[] {
    const waiting = [...this.#followed.values()].filter(({ lag }) => lag.lag > 0)
    return waiting
      .map(({ lag }) => lag)
      .filter((lag) => !this.#times.get(partitionName(lag))?.covers(nextOffset(lag)))
      .slice(0, max)
  }

  /** The record at an offset of the partition was produced then. */
  remember(lag: PartitionLag, producedMs: number): void {
    this.#times.get(partitionName(lag))?.remember(nextOffset(lag), producedMs)
  }

  report(): LagReport[] {
    const membersOf = new Map(this.#groups.map(({ groupId, members }) => [groupId, members]))
    const aged = [...this.#followed.values()].map((followed) => ({ ...followed, ...this.#ageOf(followed.lag) }))
    const byGroup = Map.groupBy(aged, ({ lag }) => lag.group)
    return [...byGroup].flatMap(([group, partitions]) => {
      const { level } = judgeGroup(partitions.map(({ lag: { lag }, seconds }) => ({ lag, seconds })))
      return partitions.map(({ lag, samples, seconds, isGuess }): LagReport => {
        return {
          ...lag,
          seconds,
          isGuess,
          ...judgePartition(samples, membersOf.get(group) ?? null, level, this.windowMs),
          trend: lagTrend(samples),
          lostRecords: Math.max(0, lag.logStartOffset - lag.currentOffset),
        }
      })
    })
  }

  #ageOf(lag: PartitionLag): Pick<LagReport, 'seconds' | 'isGuess'> {
    if (lag.lag === 0) return { seconds: 0, isGuess: false }
    const age = this.#times.get(partitionName(lag))?.ageOf(nextOffset(lag), this.#atMs) ?? null
    return { seconds: age && age.ms / 1_000, isGuess: age?.isExtrapolated ?? false }
  }

  #followPartitions(sample: LagSample): void {
    const found = new Map(sample.partitions.map((each) => [partitionName(each), each]))
    for (const [name, each] of this.#partitions) if (sample.leaderless.has(name)) found.set(name, each)
    this.#partitions = found
    for (const name of this.#times.keys()) if (!found.has(name)) this.#times.delete(name)
    for (const each of sample.partitions) {
      const name = partitionName(each)
      const times = this.#times.get(name) ?? new ProductionTimes()
      times.observe(each.logEndOffset, sample.atMs)
      this.#times.set(name, times)
    }
  }

  #follow(key: string, lag: PartitionLag): void {
    const known = this.#followed.get(key)
    const isOtherLog = known && lag.logEndOffset < known.lag.logEndOffset
    const followed = !known || isOtherLog ? { lag, samples: [] } : known
    followed.lag = lag
    followed.samples.push({ atMs: this.#atMs, ...lag })
    // One sample from before the window stays, so that the window is covered from its beginning.
    while (followed.samples.length > 2 && followed.samples[1]!.atMs <= this.#atMs - this.windowMs) {
      followed.samples.shift()
    }
    this.#followed.set(key, followed)
  }
}

/** The first record that the group has not read and that is still there. */
function nextOffset({ currentOffset, logStartOffset }: PartitionLag): number {
  return Math.max(currentOffset, logStartOffset)
}
