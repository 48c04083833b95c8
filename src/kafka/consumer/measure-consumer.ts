import type { AssignedPartition, HeldRecord } from './assigned-partition.ts'
import type { ConsumerMeasure, PartitionMeasure } from './consumer-observer.ts'
import type { Dispatcher } from './lanes/dispatcher.ts'
import { recordAgeMs } from './lanes/record-age.ts'

/** The present state of a consumer. */
export function measureConsumer(
  partitions: Iterable<AssignedPartition>,
  dispatcher: Dispatcher,
  nowMs: number,
): ConsumerMeasure {
  return {
    partitions: [...partitions].map((each) => measurePartition(each, nowMs)),
    recordsBuffered: dispatcher.held,
    keysBuffered: dispatcher.lanes,
    keysParked: dispatcher.parked,
    handledRecords: dispatcher.handledRecords,
    handlingMs: dispatcher.handlingMs,
    slowRecords: dispatcher.slowRecords,
  }
}

function measurePartition(assigned: AssignedPartition, nowMs: number): PartitionMeasure {
  const { topic, partition, lag, uncommittedRecords, tracker, bufferedRecords, isHeldBack, blockedUntilMs } = assigned
  const oldest = tracker.first ?? lowest(tracker.pending())
  return {
    topic,
    partition,
    lag,
    uncommittedRecords,
    recordsBuffered: bufferedRecords,
    gap: tracker.doneBeyond,
    deferred: tracker.deferred,
    oldestMs: (oldest && recordAgeMs(oldest.record.timestampMs, Date.now())) ?? 0,
    isPaused: isHeldBack || blockedUntilMs > nowMs,
    isBlocked: blockedUntilMs > nowMs,
  }
}

function lowest(pending: Iterable<HeldRecord>): HeldRecord | null {
  let first: HeldRecord | null = null
  for (const each of pending) if (!first || each.record.offset < first.record.offset) first = each
  return first
}
