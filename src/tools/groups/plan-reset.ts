import type { TopicPartition } from '../../kafka/wire/consumer-protocol.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import type { ResetTarget } from './reset-target.ts'

/** A partition as it is before a reset. */
export interface PartitionState extends TopicPartition {
  /** What the group has committed; null if nothing. */
  readonly committed: number | null
  readonly logStart: number
  readonly logEnd: number
  /** The first offset stamped at the target's time or later, `logEnd` if there is none; null without a time. */
  readonly atTime: number | null
}

export interface ResetRow extends TopicPartition {
  readonly before: number | null
  readonly after: number
  /** Records that will be read again, or, below 0, that will not be read at all. */
  readonly again: number
}

/**
 * Where each partition's offset goes. Never outside the log: what lies outside is refused for a time, whose records
 * were removed by retention, and moved to the nearest end for an offset or a shift, as Kafka's own tool does.
 */
export function planReset(partitions: readonly PartitionState[], target: ResetTarget): ResetRow[] {
  return partitions.map((state) => {
    const after = placeOf(state, target)
    const before = state.committed
    return { topic: state.topic, partition: state.partition, before, after, again: (before ?? state.logEnd) - after }
  })
}

function placeOf(state: PartitionState, target: ResetTarget): number {
  const within = (offset: number): number => Math.min(state.logEnd, Math.max(state.logStart, offset))
  switch (target.kind) {
    case 'earliest':
      return state.logStart
    case 'latest':
      return state.logEnd
    case 'offset':
      return within(target.offset)
    case 'shift':
      return within((state.committed ?? state.logEnd) + target.by)
    case 'time': {
      // A log that has lost its beginning may have lost records of that time with it.
      if (state.logStart > 0 && state.atTime === state.logStart && state.logStart < state.logEnd) {
        const at = new Date(target.atMs).toISOString()
        throw new ExpectedError(
          `${state.topic}[${state.partition}] begins after ${at}: retention has removed what was before. ` +
            'Use a later time, or --to-earliest for all that is left.',
        )
      }
      return within(state.atTime!)
    }
  }
}
