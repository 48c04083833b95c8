import type { AssignedPartition, HeldRecord } from '../assigned-partition.ts'
import type { ConsumerObserver } from '../consumer-observer.ts'
import type { ConsumerOptions } from '../consumer-options.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type HeadVerdict, judgeHead } from './head-of-line.ts'

/** A handler does not answer, and the handling has no dead letters to which its record could go. */
export class HandlerStuckError extends Error {
  override readonly name = 'HandlerStuckError'
}

/**
 * Takes records that block their partitions out of the way, and reports them to the observer. Throws HandlerStuckError
 * for a handler without an answer that cannot be helped.
 */
export function watchHeads(
  partitions: Iterable<AssignedPartition>,
  dispatcher: Dispatcher,
  options: ConsumerOptions,
  observer: ConsumerObserver,
  nowMs: number,
): void {
  for (const assigned of partitions) {
    assigned.noteProgress(nowMs)
    const head = assigned.tracker.first
    if (!head || head.handedMs === 0 || head.givenUp !== null) continue
    if (head.isQueued) {
      head.restartClock(nowMs)
      continue
    }
    const calledForMs = head.callMs === 0 ? 0 : Math.round(nowMs - head.callMs)
    const isStuck = calledForMs >= options.pollIntervalMsMax
    const verdict = isStuck ? 'overdue' : judge(assigned, head, options, nowMs)
    if (verdict === null) continue
    const handedForMs = Math.round(nowMs - head.handedMs)
    const { topic, partition, name } = assigned
    const { offset } = head.record
    const givingUp = dispatcher.giveUp(head, reasonOf(verdict, handedForMs, head))
    if (givingUp === 'begun') observer.headOfLine?.(topic, partition, offset, verdict, handedForMs)
    else if (givingUp === 'impossible' && isStuck) {
      throw new HandlerStuckError(`the handler of ${name}@${offset} has not answered for ${calledForMs} ms`)
    }
  }
}

function judge(assigned: AssignedPartition, head: HeldRecord, options: ConsumerOptions, nowMs: number) {
  // Where the buffer is shared out, a head blocks the look-ahead.
  const recordsPerPartitionMax = assigned.shares ? options.readAheadOffsetsMax : options.recordsPerPartitionMax
  return judgeHead(
    {
      handedForMs: nowMs - head.handedMs,
      spanRecords: assigned.tracker.span,
      doneRecords: assigned.tracker.doneBeyond,
      othersBegun: assigned.begun - 1,
      progressAgoMs: nowMs - assigned.progressMs,
    },
    { ...options, recordsPerPartitionMax },
  )
}

function reasonOf(verdict: HeadVerdict, handedForMs: number, { callMs, failures }: HeldRecord): string {
  const what = callMs > 0 ? 'its handler has not answered' : `it failed ${failures} times`
  const why = verdict === 'crowded' ? 'it held back a partition whose hold is nearly full' : 'its time is up'
  return `given up after ${handedForMs} ms: ${why}, and ${what}`
}
