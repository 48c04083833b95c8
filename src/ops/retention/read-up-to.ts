import { type PartitionLag, partitionName } from '../lag/read-lag.ts'

/** A time with how far the topics reached then, by partition. */
interface Probe {
  readonly atMs: number
  readonly ends: ReadonlyMap<string, number>
}

/**
 * How far back everything that was published has been read by every consumer group that commits offsets: analytics, the
 * audit log, webhooks, the status updater, and whoever else reads. A group that was given up holds nothing for longer than
 * its topic keeps records, as what is not there any more counts as read.
 */
export class ReadUpTo {
  readonly #read: () => Promise<readonly PartitionLag[]>
  #probe: Probe | null = null
  #readUpToMs = 0

  /** `read`: how far each group is in the topics that carry messages. */
  constructor(read: () => Promise<readonly PartitionLag[]>) {
    this.#read = read
  }

  /** Looks at all groups; returns the time before which all was read. Throws what `read` throws. */
  async look(nowMs: number): Promise<number> {
    const lags = await this.#read()
    if (this.#probe && lags.every((lag) => hasReached(lag, this.#probe!.ends))) {
      this.#readUpToMs = this.#probe.atMs
      this.#probe = null
    }
    this.#probe ??= { atMs: nowMs, ends: new Map(lags.map((lag) => [partitionName(lag), lag.logEndOffset])) }
    return this.#readUpToMs
  }
}

/** A commit beyond the end is of a log that was cut off since. */
function hasReached(lag: PartitionLag, ends: ReadonlyMap<string, number>): boolean {
  const { currentOffset, logStartOffset, logEndOffset } = lag
  const target = Math.min(ends.get(partitionName(lag)) ?? 0, logEndOffset)
  const readUpTo = currentOffset > logEndOffset ? logStartOffset : Math.max(currentOffset, logStartOffset)
  return readUpTo >= target
}
