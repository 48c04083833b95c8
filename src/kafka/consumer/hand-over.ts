import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { ConsumerOptions } from './consumer-options.ts'
import { type FetchPlace, hasRoom } from './fetch/fetch-place.ts'
import type { Dispatcher } from './lanes/dispatcher.ts'

export interface HandOverParts {
  readonly options: Pick<
    ConsumerOptions,
    'recordsPerPollMax' | 'recordsPerPartitionMax' | 'bytesPerPartitionMax' | 'readAheadOffsetsMax'
  >
  readonly dispatcher: Pick<Dispatcher, 'add'>
  /** Whether the partitions are still ours. */
  readonly mayGoOn: () => boolean
  readonly handedOver: (partition: AssignedPartition, records: readonly ConsumedRecord[]) => void
}

/** Hands answers over piece by piece, so that other due work runs in between, and no more than there is room for. */
export class HandOver {
  readonly #parts: HandOverParts

  constructor(parts: HandOverParts) {
    this.#parts = parts
  }

  /**
   * Hands over an answer. `settled` is called when that is done or waits for room, so that what others sent need not
   * wait with it. Resolves when it is done.
   */
  async run(
    { assigned, offset, isAgain }: FetchPlace,
    records: readonly ConsumedRecord[],
    nextOffset: number,
    settled: () => void,
  ): Promise<void> {
    assigned.isHandingOver = true
    if (isAgain) await this.#takeUp(assigned, offset, records, nextOffset)
    else await this.#readOn(assigned, records, nextOffset, settled)
    assigned.isHandingOver = false
    settled()
  }

  async #readOn(
    partition: AssignedPartition,
    records: readonly ConsumedRecord[],
    nextOffset: number,
    settled: () => void,
  ): Promise<void> {
    const { options, dispatcher, mayGoOn, handedOver } = this.#parts
    const { recordsPerPollMax } = options
    for (let at = 0; at < records.length; at += recordsPerPollMax) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve))
      if (!hasRoom(partition, options, 1)) {
        partition.isHeldBack = true
        settled()
        await partition.whenResumed()
      }
      // The position stays before what was not handed over: the next owner begins there.
      if (!partition.active || !mayGoOn()) return
      const piece = records.length <= recordsPerPollMax ? records : records.slice(at, at + recordsPerPollMax)
      partition.readTo(piece[0]!.offset)
      dispatcher.add(partition, piece)
      partition.readTo(piece.at(-1)!.offset + 1)
      handedOver(partition, piece)
    }
    partition.readTo(nextOffset)
  }

  /** Of the records, those are taken that were deferred and may be taken now. What is new among them is not yet due. */
  async #takeUp(
    partition: AssignedPartition,
    offset: number,
    answer: readonly ConsumedRecord[],
    answerEnd: number,
  ): Promise<void> {
    const { options, dispatcher, mayGoOn, handedOver } = this.#parts
    const { recordsPerPollMax } = options
    const shares = partition.shares!
    const records = answer.filter((record) => record.offset < partition.fetchOffset)
    const nextOffset = Math.min(answerEnd, partition.fetchOffset)
    let end = records.length === 0 ? nextOffset : offset
    shares.beginScan(offset, partition.room)
    for (let at = 0; at < records.length && !shares.isScanOver; at += recordsPerPollMax) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve))
      if (!partition.active || !mayGoOn()) break
      const piece = records.slice(at, at + recordsPerPollMax)
      dispatcher.add(partition, piece)
      handedOver(partition, piece)
      end = at + piece.length < records.length ? piece.at(-1)!.offset + 1 : nextOffset
    }
    shares.endScan(end, partition.fetchOffset)
  }
}
