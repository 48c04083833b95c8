import { OUTBOX_SHARDS } from '../../domain/outbox-shard.ts'
import { hasPassed, type PartitionProgress } from '../../kafka/admin/read-progress.ts'

/** The oldest row of a shard of the outbox. */
export interface ShardHead {
  readonly shard: number
  readonly seq: number
  /** When its message was accepted, by the database's clock. */
  readonly acceptedMs: number
}

/**
 * The positions of outbox, topics and consumer groups, read in this order: the outbox; then the tasks' topic and its
 * readers; then the statuses' topic and its readers.
 */
export interface PipelineView {
  /** When the outbox was looked at, by the database's clock. */
  readonly atMs: number
  readonly heads: readonly ShardHead[]
  readonly delivery: readonly PartitionProgress[]
  readonly status: readonly PartitionProgress[]
}

/** A message without progress. */
export interface SilentMessage {
  readonly smsId: number
  /** By the database's clock: that of the process which gave the id may be minutes off. */
  readonly acceptedMs: number
  readonly shard: number
  /** Where its task is, in the tasks' topic. */
  readonly partition: number
  /** When its state last changed; null if it has none. */
  readonly movedAtMs: number | null
  /**
   * The row of the outbox with which it was last published again, how often it was by then, and when; null if never.
   */
  readonly republished: { readonly outboxSeq: number; readonly times: number; readonly atMs: number } | null
}

/** What had left the outbox at a time: rows below `seqBefore`, among them all messages accepted before that time. */
interface ShardMark {
  readonly acceptedBeforeMs: number
  readonly seqBefore: number
}

interface Mark {
  readonly atMs: number
  readonly shards: readonly ShardMark[]
}

/** A mark on its way: it waits for the workers to pass an offset, then for the status updaters to pass theirs. */
type Probe =
  | { readonly stage: 'delivery'; readonly mark: Mark; readonly targetOffset: number }
  | { readonly stage: 'status'; readonly mark: Mark; readonly targetOffsets: readonly number[] }

/**
 * Separates lost messages from late ones, without trusting any clock of Kafka's.
 *
 * For each partition of tasks a probe is sent along the way that messages take. What has left the outbox by now lies
 * below the partition's end by now; when workers have committed that far, the statuses that came of it lie below the
 * ends of the statuses' topic by then; when these are committed too, PostgreSQL knows whatever became of those
 * messages. Then the mark that the probe carried is settled, and a message behind it of which nothing is known is
 * lost. While workers or updaters are behind no probe arrives, and everything is only late.
 *
 * What lies below the beginning of a log cannot be read any more, and what lies beyond its end was cut off: neither
 * is waited for.
 */
export class SettledWatermark {
  /** For how long after its acceptance a message may still be on its way into the outbox. */
  readonly #acceptanceMs: number
  #probes: Probe[] = []
  #settled: (Mark | undefined)[] = []

  constructor(acceptanceMs: number) {
    this.#acceptanceMs = acceptanceMs
  }

  /** Messages accepted before this time may be judged lost; a later one may be merely late. */
  get settledMs(): number {
    let latestMs = 0
    for (const mark of this.#settled) {
      for (const shard of mark?.shards ?? []) latestMs = Math.max(latestMs, shard.acceptedBeforeMs)
    }
    return latestMs
  }

  /** Partitions that appear begin anew; those that are gone are forgotten. */
  observe(view: PipelineView): void {
    const mark = this.#markOf(view)
    this.#settled.length = view.delivery.length
    this.#probes = view.delivery.map((progress, partition) => {
      const arrived = advance(this.#probes[partition] ?? begin(mark, progress), progress, view.status)
      if (arrived !== 'arrived') return arrived
      this.#settled[partition] = this.#probes[partition]?.mark ?? mark
      const next = advance(begin(mark, progress), progress, view.status)
      if (next !== 'arrived') return next
      this.#settled[partition] = mark
      return begin(mark, progress)
    })
  }

  /** Whether all consumers have passed the point by which this message must have made progress. */
  isPassed(message: SilentMessage): boolean {
    const mark = this.#settled[message.partition]
    if (!mark) return false
    const shard = mark.shards[message.shard]!
    if (message.acceptedMs >= shard.acceptedBeforeMs) return false
    if (message.movedAtMs !== null && message.movedAtMs >= mark.atMs) return false
    const { republished } = message
    return republished === null || (republished.atMs < mark.atMs && republished.outboxSeq < shard.seqBefore)
  }

  #markOf(view: PipelineView): Mark {
    const heads = new Map(view.heads.map((head) => [head.shard, head]))
    const shards = Array.from({ length: OUTBOX_SHARDS }, (_, shard): ShardMark => {
      const head = heads.get(shard)
      return {
        acceptedBeforeMs: Math.min(head?.acceptedMs ?? view.atMs, view.atMs) - this.#acceptanceMs,
        seqBefore: head?.seq ?? Number.POSITIVE_INFINITY,
      }
    })
    return { atMs: view.atMs, shards }
  }
}

function begin(mark: Mark, { endOffset }: PartitionProgress): Probe {
  return { stage: 'delivery', mark, targetOffset: endOffset }
}

function advance(probe: Probe, delivery: PartitionProgress, status: readonly PartitionProgress[]): Probe | 'arrived' {
  if (probe.stage === 'delivery') {
    if (!hasPassed(delivery, probe.targetOffset)) return probe
    probe = { stage: 'status', mark: probe.mark, targetOffsets: status.map(({ endOffset }) => endOffset) }
  }
  const { targetOffsets } = probe
  return status.every((progress, partition) => hasPassed(progress, targetOffsets[partition] ?? 0)) ? 'arrived' : probe
}
