import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerOptions } from '../consumer-options.ts'

/** A partition that was full is fetched again when it is less full than this. */
export const RESUME_SHARE = 0.875

/** From where a partition is to be fetched. */
export interface FetchPlace {
  readonly assigned: AssignedPartition
  readonly offset: number
  /** What was skipped is fetched again; otherwise what is new. */
  readonly isAgain: boolean
}

type BufferLimits = Pick<ConsumerOptions, 'recordsPerPartitionMax' | 'bytesPerPartitionMax' | 'readAheadOffsetsMax'>

/** New and deferred records are fetched alternately while there is room for both; null while there is for neither. */
export function nextPlace(assigned: AssignedPartition, limits: BufferLimits): FetchPlace | null {
  const { fetchOffset, stableEnd, shares, tracker } = assigned
  assigned.isHeldBack = !mayReadOn(assigned, limits, assigned.isHeldBack ? RESUME_SHARE : 1)
  const offset = tracker.deferred > 0 ? shares!.refillOffset(assigned.room) : null
  // Every answer has the end of the log: no fetch is needed to find out whether there is anything new.
  const isFrontDue = assigned.isFrontDue && !assigned.isHeldBack && fetchOffset < stableEnd
  const isAgain = offset !== null && !isFrontDue
  assigned.isFrontDue = isAgain
  if (isAgain) return { assigned, offset, isAgain }
  return assigned.isHeldBack ? null : { assigned, offset: fetchOffset, isAgain }
}

/** Whether what is new may be fetched: there is room, and a watermark that others leave behind is not too far back. */
export function mayReadOn(assigned: AssignedPartition, limits: BufferLimits, share: number): boolean {
  if (assigned.shares && assigned.tracker.span >= limits.readAheadOffsetsMax * share) return false
  return hasRoom(assigned, limits, share)
}

/**
 * Whether less than a share of a partition's buffer is used. What is done beyond the watermark counts as well, so that
 * the commit's metadata can cover it; but not where one share must not hold up another.
 */
export function hasRoom(assigned: AssignedPartition, limits: BufferLimits, share: number): boolean {
  const { shares, tracker, bufferedBytes, bufferedRecords } = assigned
  const records = shares ? bufferedRecords : Math.max(tracker.span, bufferedRecords)
  return records < limits.recordsPerPartitionMax * share && bufferedBytes < limits.bytesPerPartitionMax * share
}

/** An answer to a question that is no longer the partition's is to be dropped: it was revoked or moved meanwhile. */
export function isStillAsked({ assigned, offset, isAgain }: FetchPlace): boolean {
  return assigned.active && !assigned.isHandingOver && (isAgain || assigned.fetchOffset === offset)
}
