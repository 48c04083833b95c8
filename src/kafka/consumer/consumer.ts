import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import { AssignedPartition, type HeldRecord } from './assigned-partition.ts'
import { CommitLoop } from './commit-loop.ts'
import { decodeDoneRanges } from './commit-metadata.ts'
import type { ConsumerObserver } from './consumer-observer.ts'
import type { ConsumerOptions } from './consumer-options.ts'
import type { Dispatcher } from './dispatcher.ts'
import { FetchLoop } from './fetch-loop.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { GroupMembership } from './group-membership.ts'
import { EARLIEST, LATEST, listOffsets } from './list-offsets.ts'

/** How records reach handlers; see `inLanes` and `inBatches`. */
export type Handling = (hooks: {
  completed: (held: HeldRecord) => void
  failed: (error: unknown, records: number, failures: number) => void
}) => Dispatcher

/**
 * Reads topics as a member of a group: fetches, hands records to handlers, commits the watermark of what is done.
 * Many records are under way at once; what is committed is only ever what is done without a gap.
 */
export class Consumer {
  readonly #cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #observer: ConsumerObserver
  readonly #dispatcher: Dispatcher
  readonly #connections: BrokerConnections
  readonly #coordinator: GroupCoordinator
  readonly #membership: GroupMembership
  readonly #commits: CommitLoop
  readonly #partitions = new Map<string, AssignedPartition>()
  readonly #loops = new Map<number, FetchLoop>()
  #timer: NodeJS.Timeout | null = null
  #refreshedMs = Date.now()
  #joined: (() => void) | null = null
  #failure: Error | null = null

  constructor(cluster: Cluster, options: ConsumerOptions, handling: Handling, observer: ConsumerObserver = {}) {
    this.#cluster = cluster
    this.#options = options
    this.#observer = observer
    this.#connections = cluster.connections(options.fetchWaitMsMax + 10_000)
    this.#coordinator = new GroupCoordinator(cluster, options)
    this.#membership = new GroupMembership(cluster, this.#coordinator, options, {
      assigned: (partitions) => this.#assigned(partitions),
      revoked: (partitions) => this.#revoked(partitions),
      lost: (partitions) => this.#lost(partitions),
      rebalanced: (generationId, owned) => this.#rebalanced(generationId, owned),
      troubled: (error) => this.#observer.troubled?.(error),
      failed: (error) => this.#failed(error),
    })
    this.#commits = new CommitLoop(this.#coordinator, this.#membership, observer)
    this.#dispatcher = handling({
      completed: (held) => this.#completed(held),
      failed: (error, records, failures) => this.#observer.handlerFailed?.(error, records, failures),
    })
  }

  /** What this member reads now, and how far it is. */
  get partitions(): readonly AssignedPartition[] {
    return [...this.#partitions.values()]
  }

  /** Records in hand. */
  get held(): number {
    return this.#dispatcher.held
  }

  /** Why the consumer has stopped for good; null while it has not. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Whether the group counts on this member. */
  get isAlive(): boolean {
    return this.#membership.isAlive
  }

  /** Joins the group. Resolves with the first assignment, which may be empty. */
  async start(): Promise<void> {
    const joined = new Promise<void>((resolve) => {
      this.#joined = resolve
    })
    this.#membership.start()
    this.#timer = setInterval(() => this.#tick(), this.#options.commitIntervalMs)
    await joined
  }

  /** Takes no more, lets handlers finish within the drain time, commits, and leaves the group. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await this.#membership.stop()
    this.#dispatcher.stop()
    for (const loop of this.#loops.values()) loop.stop()
    await Promise.all([this.#connections.close(), this.#coordinator.close()])
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const committed = await this.#coordinator.committed(partitions)
    const fresh = committed.filter(({ offset }) => offset < 0)
    const starts = await listOffsets(this.#cluster, this.#connections, fresh, this.#startTime())
    const startOf = new Map(starts.map((each) => [`${each.topic}[${each.partition}]`, each.offset]))
    for (const { topic, partition, offset, metadata } of committed) {
      const name = `${topic}[${partition}]`
      const doneBefore = decodeDoneRanges(offset, metadata)
      const startOffset = offset >= 0 ? offset : startOf.get(name)!
      this.#partitions.set(name, new AssignedPartition(topic, partition, startOffset, doneBefore))
    }
    this.#observer.assigned?.(partitions)
    this.#wakeLoops()
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = this.#take(partitions)
    this.#observer.revoking?.(partitions)
    await Promise.all(leaving.map((each) => each.whenIdle(this.#options.drainMsMax)))
    await this.#commits.commit(leaving)
    this.#observer.revoked?.(
      partitions,
      leaving.reduce((undone, each) => undone + each.running, 0),
    )
  }

  #lost(partitions: readonly TopicPartition[]): void {
    this.#take(partitions)
    this.#observer.lost?.(partitions)
  }

  #take(partitions: readonly TopicPartition[]): AssignedPartition[] {
    const taken: AssignedPartition[] = []
    for (const { topic, partition } of partitions) {
      const assigned = this.#partitions.get(`${topic}[${partition}]`)
      if (!assigned) continue
      this.#partitions.delete(assigned.name)
      assigned.active = false
      this.#dispatcher.drop(assigned)
      taken.push(assigned)
    }
    return taken
  }

  #rebalanced(generationId: number, owned: number): void {
    this.#observer.rebalanced?.(generationId, owned)
    this.#joined?.()
    this.#joined = null
  }

  #failed(error: Error): void {
    this.#failure = error
    this.#observer.failed?.(error)
    this.#joined?.()
  }

  #tick(): void {
    void this.#commits.commit(this.#partitions.values())
    if (Date.now() - this.#refreshedMs >= this.#options.metadataAgeMsMax) {
      this.#refreshedMs = Date.now()
      this.#cluster.refresh().catch((error: Error) => this.#observer.troubled?.(error))
    }
    this.#wakeLoops()
  }

  /** Starts a loop for each broker that leads a partition of ours, and lets all look whether there is work. */
  #wakeLoops(): void {
    for (const { topic, partition } of this.#partitions.values()) {
      const leader = this.#cluster.leaderOf(topic, partition)
      if (leader !== undefined && !this.#loops.has(leader)) this.#startLoop(leader)
    }
    for (const loop of this.#loops.values()) loop.wake()
  }

  #startLoop(nodeId: number): void {
    const loop = new FetchLoop(nodeId, this.#cluster, this.#connections, this.#options, {
      fetchable: (leader) => this.#fetchable(leader),
      fetched: (partition, records, nextOffset) => this.#fetched(partition, records, nextOffset),
      outOfRange: (partition) => this.#reset(partition),
      troubled: (error) => this.#observer.troubled?.(error),
    })
    this.#loops.set(nodeId, loop)
  }

  #fetchable(nodeId: number): { partitions: AssignedPartition[]; heldBack: boolean } {
    const partitions: AssignedPartition[] = []
    let heldBack = false
    if (!this.#membership.isAlive) return { partitions, heldBack }
    for (const assigned of this.#partitions.values()) {
      if (this.#cluster.leaderOf(assigned.topic, assigned.partition) !== nodeId) continue
      if (this.#hasRoom(assigned)) partitions.push(assigned)
      else heldBack = true
    }
    return { partitions, heldBack }
  }

  #hasRoom({ tracker, bufferedBytes }: AssignedPartition): boolean {
    return tracker.span < this.#options.recordsPerPartitionMax && bufferedBytes < this.#options.bytesPerPartitionMax
  }

  #fetched(partition: AssignedPartition, records: ConsumedRecord[], nextOffset: number): void {
    const held = partition.hold(records, nextOffset)
    this.#observer.fetched?.(
      partition.topic,
      records.length,
      held.reduce((bytes, each) => bytes + each.record.bytes, 0),
    )
    this.#dispatcher.add(held)
  }

  #completed(held: HeldRecord): void {
    this.#observer.completed?.(held.partition.topic, 1)
  }

  /** The position fell out of the log. Goes on where the log begins, or, if the log was cut off below it, at its end. */
  async #reset(partition: AssignedPartition): Promise<void> {
    const { topic, partition: index, fetchOffset } = partition
    const [[first], [end]] = await Promise.all([
      listOffsets(this.#cluster, this.#connections, [partition], EARLIEST),
      listOffsets(this.#cluster, this.#connections, [partition], LATEST),
    ])
    const toOffset = this.#options.startFrom === 'earliest' ? first!.offset : end!.offset
    this.#observer.outOfRange?.(topic, index, fetchOffset, toOffset)
    if (!partition.active) return
    if (toOffset >= fetchOffset) {
      partition.hold([], toOffset)
      return
    }
    this.#take([partition])
    this.#partitions.set(partition.name, new AssignedPartition(topic, index, toOffset))
  }

  #startTime(): number {
    return this.#options.startFrom === 'earliest' ? EARLIEST : LATEST
  }
}
