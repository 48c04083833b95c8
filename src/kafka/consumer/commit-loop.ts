import { KafkaCode, KafkaError } from '../errors.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { encodeDoneRanges } from './commit-metadata.ts'
import type { ConsumerObserver } from './consumer-observer.ts'
import { expels, type GroupCoordinator, type PartitionCommit } from './group-coordinator.ts'
import type { GroupMembership } from './group-membership.ts'

const OFFSET_METADATA_TOO_LARGE = 12

/**
 * Commits watermarks, one request at a time.
 *
 * An offset is committed only for an assignment that is still ours, and never a lower one than before. An answer that
 * expels us is not followed by a second try under the next generation: by then a partition may be another's, and
 * Kafka does not check whose it is. What was not committed is committed later, or done again by the next owner.
 */
export class CommitLoop {
  readonly #coordinator: GroupCoordinator
  readonly #membership: GroupMembership
  readonly #observer: ConsumerObserver
  #inFlight: Promise<void> | null = null
  #withMetadata = true

  constructor(coordinator: GroupCoordinator, membership: GroupMembership, observer: ConsumerObserver) {
    this.#coordinator = coordinator
    this.#membership = membership
    this.#observer = observer
  }

  /** Commits what has moved. Resolves when it is answered; errors are observed, not thrown. */
  async commit(partitions: Iterable<AssignedPartition>): Promise<void> {
    await this.#inFlight
    const moved = [...partitions].filter((each) => each.tracker.watermark > each.committedOffset)
    if (moved.length === 0 || this.#membership.identity.generationId < 0) return
    this.#inFlight = this.#send(moved)
      .catch((error: Error) => this.#observer.troubled?.(error))
      .finally(() => {
        this.#inFlight = null
      })
    await this.#inFlight
  }

  async #send(moved: readonly AssignedPartition[]): Promise<void> {
    const commits = new Map(moved.map((each) => [each.name, { assigned: each, commit: this.#commitOf(each) }]))
    const results = await this.#coordinator.commit(
      this.#membership.identity,
      [...commits.values()].map(({ commit }) => commit),
    )
    for (const { topic, partition, code } of results) {
      const { assigned, commit } = commits.get(`${topic}[${partition}]`)!
      if (code === KafkaCode.NONE) {
        assigned.committedOffset = Math.max(assigned.committedOffset, commit.offset)
        this.#observer.committed?.(topic, partition, commit.offset)
        continue
      }
      if (code === OFFSET_METADATA_TOO_LARGE) this.#withMetadata = false
      if (expels(code)) this.#membership.askToRejoin()
      if (code !== KafkaCode.REBALANCE_IN_PROGRESS) {
        this.#observer.troubled?.(new KafkaError(code, `committing ${commit.offset} of ${assigned.name}`))
      }
    }
  }

  #commitOf({ topic, partition, tracker }: AssignedPartition): PartitionCommit {
    const offset = tracker.watermark
    const metadata = this.#withMetadata ? encodeDoneRanges(offset, tracker.doneBeyondWatermark()) : ''
    return { topic, partition, offset, metadata }
  }
}
