import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import { AssignedPartition } from './assigned-partition.ts'
import { CommitLoop } from './commit/commit-loop.ts'
import { decodeDoneRanges } from './commit/commit-metadata.ts'
import type { OffsetRange } from './commit/offset-tracker.ts'
import type { ConsumerObserver } from './consumer-observer.ts'
import type { ConsumerOptions } from './consumer-options.ts'
import { FetchLoop } from './fetch/fetch-loop.ts'
import { type FetchPlace, hasRoom, mayReadOn, nextPlace, RESUME_SHARE } from './fetch/fetch-place.ts'
import { EARLIEST, LATEST, listOffsets } from './fetch/list-offsets.ts'
import { GroupCoordinator } from './group/group-coordinator.ts'
import { GroupMembership } from './group/group-membership.ts'
import { TopicWatch } from './group/watch-topics.ts'
import { HandOver } from './hand-over.ts'
import type { Dispatcher } from './lanes/dispatcher.ts'
import { watchHeads } from './lanes/watch-heads.ts'
import { measureConsumer } from './measure-consumer.ts'

/** How long a partition is kept when it cannot be committed; then its records are done again elsewhere. */
const LAST_COMMIT_MS_MAX = 5_000

/** How records reach handlers; see `inLanes` and `inBatches`. */
export type Handling = (hooks: {
  completed: (partition: AssignedPartition) => void
  mayBegin: () => boolean
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
  readonly #topics: TopicWatch
  readonly #handOver: HandOver
  readonly #partitions = new Map<string, AssignedPartition>()
  readonly #loops = new Map<number, FetchLoop>()
  #timer: NodeJS.Timeout | null = null
  #refreshedMs = performance.now()
  #joined: (() => void) | null = null
  #failure: Error | null = null
  #stopping: Promise<void> | null = null

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
    this.#topics = new TopicWatch(cluster, options.topics, observer)
    this.#dispatcher = handling({
      completed: (partition) => this.#completed(partition),
      mayBegin: () => this.#membership.isAlive,
      failed: (error, records, failures) => this.#observer.handlerFailed?.(error, records, failures),
    })
    this.#handOver = new HandOver({
      options,
      dispatcher: this.#dispatcher,
      mayGoOn: () => this.#membership.isAlive,
      handedOver: (partition, records) => this.#reportFetched(partition, records),
    })
  }

  /** What this member reads now, and how far it is. */
  get partitions(): readonly AssignedPartition[] {
    return [...this.#partitions.values()]
  }

  /** Records buffered. */
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
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
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
      this.#begin(topic, partition, offset >= 0 ? offset : startOf.get(name)!, doneBefore)
    }
    this.#observer.assigned?.(partitions)
    this.#wakeLoops()
  }

  #begin(topic: string, partition: number, offset: number, doneBefore: readonly OffsetRange[] = []): void {
    const topicId = this.#cluster.topic(topic)?.topicId ?? ''
    const { commit, shareOf } = this.#options
    const sharedBuffer = shareOf && { ...this.#options, shareOf }
    const start = { topicId, offset, doneBefore, doneBuffered: commit === 'enqueue', sharedBuffer }
    const assigned = new AssignedPartition(topic, partition, start)
    this.#partitions.set(assigned.name, assigned)
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = this.#take(partitions)
    this.#observer.revoking?.(partitions)
    await Promise.all(leaving.map((each) => each.whenIdle(this.#options.drainMsMax)))
    await this.#commits.commitLast(leaving, LAST_COMMIT_MS_MAX)
    for (const each of leaving) each.abandon()
    this.#observer.revoked?.(
      partitions,
      leaving.reduce((undone, each) => undone + each.running, 0),
    )
  }

  #lost(partitions: readonly TopicPartition[]): void {
    for (const each of this.#take(partitions)) {
      each.isReleased = true
      each.abandon()
    }
    this.#observer.lost?.(partitions)
  }

  #take(partitions: readonly TopicPartition[]): AssignedPartition[] {
    const taken: AssignedPartition[] = []
    for (const { topic, partition } of partitions) {
      const assigned = this.#partitions.get(`${topic}[${partition}]`)
      if (!assigned) continue
      this.#partitions.delete(assigned.name)
      this.#retire(assigned)
      taken.push(assigned)
    }
    return taken
  }

  /** Nothing more of it is begun, except what counts as done already and would be lost. */
  #retire(assigned: AssignedPartition): void {
    assigned.active = false
    assigned.resume()
    if (!assigned.doneBuffered) this.#dispatcher.drop(assigned)
    this.#reportCompleted(assigned)
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

  /** Only another process can help: releases everything, so that another member may try. */
  #giveIn(error: Error): void {
    this.#failed(error)
    void this.stop()
  }

  #tick(): void {
    const nowMs = performance.now()
    try {
      watchHeads(this.#partitions.values(), this.#dispatcher, this.#options, this.#observer, nowMs)
    } catch (error) {
      this.#giveIn(error as Error)
      return
    }
    void this.#commits.commit([...this.#partitions.values()].filter(({ active }) => active))
    if (nowMs - this.#refreshedMs >= this.#options.metadataAgeMsMax) {
      this.#refreshedMs = nowMs
      this.#cluster.refresh().catch((error: Error) => this.#observer.troubled?.(error))
    }
    for (const replaced of this.#topics.look(this.#partitions.values())) void this.#restart(replaced)
    for (const each of this.#partitions.values()) {
      this.#reportCompleted(each)
      this.#completed(each)
    }
    this.#observer.measured?.(measureConsumer(this.#partitions.values(), this.#dispatcher, nowMs))
    this.#dispatcher.poke()
    this.#wakeLoops()
  }

  #reportCompleted(assigned: AssignedPartition): void {
    const records = assigned.takeCompleted()
    if (records > 0) this.#observer.completed?.(assigned.topic, records)
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
      fetched: (place, records, nextOffset) => this.#fetched(place, records, nextOffset),
      outOfRange: ({ assigned, offset }) => this.#reset(assigned, offset),
      unreadable: ({ topic, partition }, error) => this.#observer.unreadable?.(topic, partition, error),
      troubled: (error) => this.#observer.troubled?.(error),
    })
    this.#loops.set(nodeId, loop)
  }

  #fetchable(nodeId: number): { places: FetchPlace[]; heldBack: boolean } {
    const places: FetchPlace[] = []
    const nowMs = performance.now()
    let heldBack = false
    if (!this.#membership.isAlive) return { places, heldBack }
    for (const assigned of this.#partitions.values()) {
      if (this.#cluster.leaderOf(assigned.topic, assigned.partition) !== nodeId) continue
      if (!assigned.active || assigned.blockedUntilMs > nowMs) continue
      const place = assigned.isHandingOver ? null : nextPlace(assigned, this.#options)
      if (place) places.push(place)
      if (!place || assigned.isHeldBack || assigned.tracker.deferred > 0) heldBack = true
    }
    return { places, heldBack }
  }

  /** Resolves when the records are handed over, or wait for room. */
  #fetched(place: FetchPlace, records: readonly ConsumedRecord[], nextOffset: number): Promise<void> {
    return new Promise((resolve) => {
      void this.#handOver.run(place, records, nextOffset, resolve).then(() => this.#wakeLoops())
    })
  }

  #reportFetched({ topic }: AssignedPartition, records: readonly ConsumedRecord[]): void {
    if (!this.#observer.fetched) return
    let bytes = 0
    for (const record of records) bytes += record.bytes
    this.#observer.fetched(topic, records.length, bytes)
  }

  #completed(partition: AssignedPartition): void {
    const isAwaited = partition.shares?.takeAwaited() ?? false
    const mayResume = partition.isHeldBack && hasRoom(partition, this.#options, RESUME_SHARE)
    if (mayResume) partition.resume()
    if (mayResume && mayReadOn(partition, this.#options, RESUME_SHARE)) partition.isHeldBack = false
    if (isAwaited || mayResume) this.#wakeLoops()
  }

  /**
   * The position is not in the log. Goes on where the log begins (which after a loss of its end means that what is left
   * of it is read again, rather than anything missed), or at its end if old records are not wanted.
   */
  async #reset(partition: AssignedPartition, soughtOffset: number): Promise<void> {
    const { topic, partition: index } = partition
    const isAgain = soughtOffset < partition.fetchOffset
    const time = isAgain ? EARLIEST : this.#startTime()
    const [start] = await listOffsets(this.#cluster, this.#connections, [partition], time)
    if (!partition.active) return
    this.#observer.outOfRange?.(topic, index, soughtOffset, start!.offset)
    if (start!.offset >= soughtOffset) {
      partition.shares?.dropBelow(start!.offset)
      if (start!.offset > partition.fetchOffset) partition.readTo(start!.offset)
      return
    }
    this.#retire(partition)
    this.#begin(topic, index, start!.offset)
  }

  /** The topic is another one than when the partition was assigned: all of it is new. */
  async #restart(partition: AssignedPartition): Promise<void> {
    const { topic, partition: index } = partition
    this.#retire(partition)
    try {
      const [first] = await listOffsets(this.#cluster, this.#connections, [partition], EARLIEST)
      if (this.#partitions.get(partition.name) === partition) this.#begin(topic, index, first!.offset)
    } catch (error) {
      this.#observer.troubled?.(error as Error)
      // Looked at again with the next tick.
      if (this.#partitions.get(partition.name) === partition) partition.active = true
    }
  }

  #startTime(): number {
    return this.#options.startFrom === 'earliest' ? EARLIEST : LATEST
  }
}
