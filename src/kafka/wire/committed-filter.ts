import type { AbortedTransaction } from './fetch-v15.ts'

/** What the batches of an answer are judged by. */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly lastOffset: number
  readonly isTransactional: boolean
}

/**
 * Separates the batches of aborted transactions from those to be handled, for the batches of one answer in the order
 * of their offsets. A transaction is aborted from the offset that the broker names up to the producer's next marker.
 */
export class CommittedFilter {
  readonly #coming: AbortedTransaction[]
  readonly #aborted = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  isAborted({ producerId, lastOffset, isTransactional }: BatchIdentity): boolean {
    if (!isTransactional) return false
    while (this.#coming.length > 0 && this.#coming[0]!.firstOffset <= lastOffset) {
      this.#aborted.add(this.#coming.shift()!.producerId)
    }
    return this.#aborted.has(producerId)
  }

  /** A marker ended the producer's transaction. */
  ended(identity: BatchIdentity): void {
    this.isAborted(identity)
    this.#aborted.delete(identity.producerId)
  }
}
