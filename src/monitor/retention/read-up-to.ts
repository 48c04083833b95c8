import { GROUPS, TOPICS } from '../../events/topics.ts'
import { type LagSample, type PartitionEnds, type PartitionLag, partitionName } from '../lag/read-lag.ts'

/** What is queried from the brokers: of `READ_TOPICS` every partition, and what groups have committed there. */
export type ReadPositions = Pick<LagSample, 'lags' | 'partitions' | 'leaderless'>

/** Topics that carry what becomes of messages. */
export const READ_TOPICS: readonly string[] = [TOPICS.accepted, TOPICS.delivery, TOPICS.status]

/** Without these there is no gateway: that they have committed nothing never means that they do not read. */
const ALWAYS_READING: ReadonlyMap<string, string> = new Map([
  [TOPICS.delivery, GROUPS.delivery],
  [TOPICS.status, GROUPS.status],
])

/** A time with the ends of the topics then, by partition, and the groups that read them. */
interface Probe {
  readonly atMs: number
  readonly ends: ReadonlyMap<string, number>
  readonly readers: Readers
}

/** Groups by topic. */
type Readers = ReadonlyMap<string, ReadonlySet<string>>

/**
 * How far back everything that was published has been read by every consumer group that commits offsets: analytics, the
 * audit log, webhooks, the status updater, and any other group. What is not known counts as not read: a partition
 * without a leader, a group whose coordinator is unavailable, a partition in which a group has committed nothing yet. A
 * group that was given up or is gone holds nothing for longer than its topic keeps records, as what the topic has
 * dropped counts as read.
 */
export class ReadUpTo {
  readonly #read: () => Promise<ReadPositions>
  #probe: Probe | null = null
  #readUpToMs = 0

  constructor(read: () => Promise<ReadPositions>) {
    this.#read = read
  }

  /** Looks at all groups; returns the time before which all was read. Throws what `read` throws. */
  async look(nowMs: number): Promise<number> {
    const positions = await this.#read()
    // Times before the clock was set back say nothing about times since.
    if (nowMs < (this.#probe?.atMs ?? this.#readUpToMs)) {
      this.#probe = null
      this.#readUpToMs = 0
    }
    if (this.#probe && isPassed(this.#probe, positions)) {
      this.#readUpToMs = this.#probe.atMs
      this.#probe = null
    }
    if (!this.#probe && positions.leaderless.size === 0) this.#probe = probeOf(positions, nowMs)
    return this.#readUpToMs
  }
}

/** What a sample says of those topics. One that the brokers do not name, or do not let us see, is not known. */
export function positionsIn({ lags, partitions, leaderless }: ReadPositions): ReadPositions {
  const isOfMessages = ({ topic }: { readonly topic: string }): boolean => READ_TOPICS.includes(topic)
  const isNamed = (name: string): boolean => READ_TOPICS.some((topic) => name.startsWith(`${topic}[`))
  const missing = READ_TOPICS.filter((topic) => !partitions.some((each) => each.topic === topic))
  return {
    lags: lags.filter(isOfMessages),
    partitions: partitions.filter(isOfMessages),
    leaderless: new Set([...[...leaderless].filter(isNamed), ...missing]),
  }
}

function probeOf({ lags, partitions }: ReadPositions, atMs: number): Probe {
  return {
    atMs,
    ends: new Map(partitions.map((each) => [partitionName(each), each.logEndOffset])),
    readers: readersOf(lags),
  }
}

function readersOf(lags: readonly PartitionLag[]): Readers {
  const topics = Map.groupBy(lags, ({ topic }) => topic)
  return new Map([...topics].map(([topic, some]) => [topic, new Set(some.map(({ group }) => group))]))
}

/**
 * Whether every group, those of the probe and those that came since, has read all partitions up to the ends of the
 * probe.
 */
function isPassed(probe: Probe, { lags, partitions, leaderless }: ReadPositions): boolean {
  if (leaderless.size > 0) return false
  const committed = new Map(lags.map((lag) => [`${lag.group} ${partitionName(lag)}`, lag.currentOffset]))
  const now = readersOf(lags)
  return partitions.every((partition) => {
    const { topic } = partition
    const target = Math.min(probe.ends.get(partitionName(partition)) ?? 0, partition.logEndOffset)
    const always = ALWAYS_READING.get(topic)
    const groups = [...(probe.readers.get(topic) ?? []), ...(now.get(topic) ?? []), ...(always ? [always] : [])]
    return groups.every((group) => readIn(partition, committed.get(`${group} ${partitionName(partition)}`)) >= target)
  })
}

/** The first offset that a group may still want. A commit beyond the end is of a log that was cut off since. */
function readIn({ logStartOffset, logEndOffset }: PartitionEnds, committed = 0): number {
  return committed > logEndOffset ? logStartOffset : Math.max(committed, logStartOffset)
}
