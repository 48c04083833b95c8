/** The lowest record of a partition that is not done, and what goes on behind it. */
export interface PartitionHead {
  /** Since it was first handed to a handler; null if it was not, or waits out a pause of the whole consumer. */
  readonly handedForMs: number | null
  /** Records from it on that are buffered, done ones included, and how many of them are done. */
  readonly spanRecords: number
  readonly doneRecords: number
  /** Other records that were handed to a handler and are not done. */
  readonly othersBegun: number
  /** Since a record of the partition was last done. */
  readonly progressAgoMs: number
}

export interface HeadLimits {
  readonly recordsPerPartitionMax: number
  readonly headCrowdedMsMax: number
  readonly headOverdueMsMax: number
}

export type HeadVerdict = 'crowded' | 'overdue'

const CROWDED_SHARE = 0.8
/** Progress within this share of the bound means that the others get through. */
const RECENT_SHARE = 0.1

/**
 * Whether the first record of a partition must be taken out of the way.
 * - `crowded`: the buffer is nearly full, most of it is done, and only this record keeps it from emptying.
 * - `overdue`: it has had its time, and others get through (or there are none): the record is at fault, not a general
 *   outage.
 *
 * While nothing gets through at all, something that all need is unavailable, and giving up record after record would only
 * turn the whole partition into dead letters.
 */
export function judgeHead(head: PartitionHead, limits: HeadLimits): HeadVerdict | null {
  const { handedForMs, spanRecords, doneRecords } = head
  if (handedForMs === null) return null
  const isCrowded = spanRecords > limits.recordsPerPartitionMax * CROWDED_SHARE && doneRecords * 2 > spanRecords
  if (isCrowded && handedForMs >= limits.headCrowdedMsMax) return 'crowded'
  if (handedForMs < limits.headOverdueMsMax) return null
  const othersGetThrough = head.progressAgoMs <= Math.max(2_000, limits.headOverdueMsMax * RECENT_SHARE)
  return othersGetThrough || head.othersBegun === 0 ? 'overdue' : null
}
