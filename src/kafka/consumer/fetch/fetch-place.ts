import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerOptions } from '../consumer-options.ts'

/** A partition that was full is fetched again when it is less full than this. */
export const RESUME_SHARE = 0.875

/** From where a partition is to be fetched. */
export interface FetchPlace {
  readonly assigned: AssignedPartition
  readonly offset: number
  /** What was read past is fetched again; otherwise what is new. */
  readonly isAgain: boolean
}

type HoldLimits = Pick<ConsumerOptions, 'recordsPerPartitionMax' | 'bytesPerPartitionMax' | 'readAheadOffsetsMax'>

/** What is new and what was deferred take turns while there is room for both; null while there is for neither. */
export function nextPlace(assigned: AssignedPartition, limits: HoldLimits): FetchPlace | null {
  const { fetchOffset, stableEnd, shares, tracker } = assigned
  assigned.isHeldBack = !mayReadOn(assigned, limits, assigned.isHeldBack ? RESUME_SHARE : 1)
  const offset = tracker.deferred > 0 ? shares!.refillOffset(assigned.room) : null
  // Every answer tells where the log ends: no turn need go into asking whether there is anything new.
  const isFrontDue = assigned.isFrontDue && !assigned.isHeldBack && fetchOffset < stableEnd
  const isAgain = offset !== null && !isFrontDue
  assigned.isFrontDue = isAgain
  if (isAgain) return { assigned, offset, isAgain }
  return assigned.isHeldBack ? null : { assigned, offset: fetchOffset, isAgain }
}

/** Whether what is new may be fetched: there is room, and a watermark that others leave behind is not too far away. */
export function mayReadOn(assigned: AssignedPartition, limits: HoldLimits, share: number): boolean {
  if (assigned.shares && assigned.tracker.span >= limits.readAheadOffsetsMax * share) return false
  return hasRoom(assigned, limits, share)
}

/**
 * Whether less than a share of what a partition may hold is in hand. What is done beyond the watermark counts as well,
 * so that the commit's metadata can tell of it; but not where one share must not hold up another.
 */
export function hasRoom(assigned: AssignedPartition, limits: HoldLimits, share: number): boolean {
  const { shares, tracker, bufferedBytes, bufferedRecords } = assigned
  const records = shares ? bufferedRecords : Math.max(tracker.span, bufferedRecords)
  return records < limits.recordsPerPartitionMax * share && bufferedBytes < limits.bytesPerPartitionMax * share
}

/** An answer to a question that is no longer the partition's is to be dropped: it was revoked or moved meanwhile. */
export function isStillAsked({ assigned, offset, isAgain }: FetchPlace): boolean {
  return assigned.active && !assigned.isHandingOver && (isAgain || assigned.fetchOffset === offset)
}
