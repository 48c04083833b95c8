import { KafkaCode, KafkaError } from '../../errors.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerObserver } from '../consumer-observer.ts'
import { expels, type GroupCoordinator, type PartitionCommit } from '../group/group-coordinator.ts'
import type { GroupMembership } from '../group/group-membership.ts'
import { encodeDoneRanges, RUNS_MAX } from './commit-metadata.ts'

type Membership = Pick<GroupMembership, 'identity' | 'tenure' | 'askToRejoin'>

const AGAIN_MS = 50

/** A broker that takes less metadata than ours needs: it goes without, and more is done again after a crash. */
const METADATA_REFUSED = new Set<number>([KafkaCode.OFFSET_METADATA_TOO_LARGE, KafkaCode.INVALID_COMMIT_OFFSET_SIZE])

/**
 * Commits watermarks, one request at a time.
 *
 * An offset is committed only for an assignment that is still ours, and never a lower one than before. An answer that
 * expels us is not followed by a second try under the next generation: by then a partition may be another's, and
 * Kafka does not check whose it is. What was not committed is committed later, or done again by the next owner.
 * An unchanged watermark is committed again when more is done beyond it, for the sake of the metadata.
 */
export class CommitLoop {
  readonly #coordinator: Pick<GroupCoordinator, 'commit'>
  readonly #membership: Membership
  readonly #observer: ConsumerObserver
  #inFlight: Promise<boolean> | null = null
  #withMetadata = true

  constructor(coordinator: Pick<GroupCoordinator, 'commit'>, membership: Membership, observer: ConsumerObserver) {
    this.#coordinator = coordinator
    this.#membership = membership
    this.#observer = observer
  }

  /**
   * Commits what has moved. Resolves when it is answered; errors are observed, not thrown. Returns whether something was
   * not taken that may be taken a moment later.
   */
  async commit(partitions: Iterable<AssignedPartition>): Promise<boolean> {
    while (this.#inFlight) await this.#inFlight
    const moved = [...partitions].filter((each) => this.#hasMoved(each))
    if (moved.length === 0 || this.#membership.identity.generationId < 0) return false
    this.#inFlight = this.#send(moved)
      .catch((error: Error) => {
        this.#observer.troubled?.(error)
        return true
      })
      .finally(() => {
        this.#inFlight = null
      })
    return this.#inFlight
  }

  /**
   * Commits partitions that are about to be released, and tries again for up to `msMax` while the group is between two
   * generations. They are still ours then, unless we were expelled, which ends it. Afterwards they are released.
   */
  async commitLast(partitions: readonly AssignedPartition[], msMax: number): Promise<void> {
    const { tenure } = this.#membership
    const deadlineMs = performance.now() + msMax
    while (this.#membership.tenure === tenure && (await this.commit(partitions)) && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
    for (const each of partitions) each.isReleased = true
  }

  #hasMoved({ tracker, committedOffset, doneAtCommit, completedRecords, isReleased }: AssignedPartition): boolean {
    if (isReleased) return false
    if (tracker.watermark > committedOffset) return true
    return this.#withMetadata && tracker.doneBeyond > 0 && completedRecords > doneAtCommit
  }

  async #send(moved: readonly AssignedPartition[]): Promise<boolean> {
    const commits = new Map(moved.map((each) => [each.name, { assigned: each, ...this.#commitOf(each) }]))
    const beganMs = performance.now()
    const results = await this.#coordinator.commit(
      this.#membership.identity,
      [...commits.values()].map(({ commit }) => commit),
    )
    this.#observer.commitAnswered?.(commits.size, performance.now() - beganMs)
    const refused: AssignedPartition[] = []
    let isForLater = false
    for (const { topic, partition, code } of results) {
      const { assigned, commit, done } = commits.get(`${topic}[${partition}]`)!
      if (code === KafkaCode.NONE) {
        assigned.committedOffset = Math.max(assigned.committedOffset, commit.offset)
        assigned.doneAtCommit = done
        this.#observer.committed?.(topic, partition, commit.offset)
        continue
      }
      if (METADATA_REFUSED.has(code) && commit.metadata !== '') refused.push(assigned)
      if (expels(code)) this.#membership.askToRejoin()
      const error = new KafkaError(code, `committing ${commit.offset} of ${assigned.name}`)
      if (isPassing(error)) isForLater = true
      if (code !== KafkaCode.REBALANCE_IN_PROGRESS) this.#observer.troubled?.(error)
    }
    if (refused.length === 0) return isForLater
    this.#withMetadata = false
    return (await this.#send(refused)) || isForLater
  }

  #commitOf(assigned: AssignedPartition): { commit: PartitionCommit; done: number } {
    const { topic, partition, tracker, completedRecords } = assigned
    const offset = tracker.watermark
    const metadata = this.#withMetadata ? encodeDoneRanges(offset, assigned.doneBeyondWatermark(RUNS_MAX)) : ''
    return { commit: { topic, partition, offset, metadata }, done: completedRecords }
  }
}

/**
 * ILLEGAL_GENERATION comes while the answer to our join is on its way: a client that is no member gets
 * UNKNOWN_MEMBER_ID. A topic that is gone stays gone for what was read of it.
 */
function isPassing({ code, retriable }: KafkaError): boolean {
  if (code === KafkaCode.REBALANCE_IN_PROGRESS || code === KafkaCode.ILLEGAL_GENERATION) return true
  return retriable && code !== KafkaCode.UNKNOWN_TOPIC_OR_PARTITION
}
