import type { Cluster } from '../../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../../errors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type TopicPartition,
} from '../../wire/consumer-protocol.ts'
import type { ConsumerOptions } from '../consumer-options.ts'
import { assignPartitions } from './assign-partitions.ts'
import { expels, type GroupCoordinator, type JoinedMember, type MemberIdentity } from './group-coordinator.ts'

/** What happens to the member's partitions. `assigned` and `revoked` are waited for. */
export interface MembershipListener {
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  /** They are revoked: finish, commit, release. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  /** They are gone: commit nothing. */
  lost(partitions: readonly TopicPartition[]): void
  rebalanced(generationId: number, owned: number): void
  /** Something went wrong that is tried again. */
  troubled(error: Error): void
  /** The member cannot go on, and has stopped. */
  failed(error: Error): void
}

const OUTSIDE: MemberIdentity = { memberId: '', generationId: -1 }

/**
 * Membership of a classic consumer group with cooperative rebalancing (KIP-429): partitions that stay are never
 * interrupted.
 *
 * - outside: no coordinator yet, or expelled. Whatever was owned is given up at once when an answer expels us, and
 *   when no answer came for the session time-out, for then the group has reassigned it.
 * - joining: the group waits for its other members. What is owned goes on being handled.
 * - syncing: waits for the leader's assignment. What is revoked is drained before anything new is begun.
 * - stable: left when the group rebalances, a topic grows (the leader sees it), or an answer expels us.
 * Heartbeats run beside this from the first assignment on, so neither a slow handler nor a long drain misses one.
 */
export class GroupMembership {
  readonly #cluster: Cluster
  readonly #coordinator: GroupCoordinator
  readonly #options: ConsumerOptions
  readonly #listener: MembershipListener
  #member: MemberIdentity = OUTSIDE
  #owned: TopicPartition[] = []
  #isLeader = false
  #plannedPartitions = ''
  /**
   * When the last request was sent that the coordinator answered as one of its own. Its clock restarted then or later;
   * when we read the answer says nothing, for this process may have slept in between.
   */
  #heardMs = 0
  #heartbeat: NodeJS.Timeout | null = null
  #joining = false
  #mustRejoin = false
  #wake: (() => void) | null = null
  #tenure = 0
  #stopping = false
  #loop: Promise<void> | null = null

  constructor(cluster: Cluster, coordinator: GroupCoordinator, options: ConsumerOptions, listener: MembershipListener) {
    this.#cluster = cluster
    this.#coordinator = coordinator
    this.#options = options
    this.#listener = listener
  }

  get identity(): MemberIdentity {
    return this.#member
  }

  /** Rises whenever the member was expelled: what it owned before is not its own any more. */
  get tenure(): number {
    return this.#tenure
  }

  /** Whether the group still counts on us, as far as we can know: after a long sleep of this process it does not. */
  get isAlive(): boolean {
    return this.#member.generationId >= 0 && performance.now() - this.#heardMs < this.#options.sessionTimeoutMs
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /**
   * Releases everything and leaves. A static member keeps its place until its session times out.
   *
   * A join under way is awaited for as long as a drain may take: a member that breaks it off is of no generation, and
   * its last commit is refused. Afterwards the group cannot go on to another generation without us, so that commit is
   * taken.
   */
  async stop(): Promise<void> {
    this.#stopping = true
    this.askToRejoin()
    const impatient = setTimeout(() => void this.#coordinator.abortJoin(), this.#options.drainMsMax)
    await this.#loop
    clearTimeout(impatient)
    if (this.#owned.length > 0) await this.#listener.revoked(this.#owned.splice(0))
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    if (this.#member.memberId === '' || this.#options.groupInstanceId !== null) return
    await this.#coordinator.leave(this.#member.memberId).catch(() => {})
  }

  /** Joins again soon, because the group or our place in it has changed. */
  askToRejoin(): void {
    this.#mustRejoin = true
    this.#wake?.()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#join()
        await this.#untilRejoin()
      } catch (error) {
        if (this.#stopping) return
        if (isFatal(error)) return this.#fail(error as Error)
        this.#listener.troubled(error as Error)
        this.#loseIfForgotten()
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300))
      }
    }
  }

  async #join(): Promise<void> {
    this.#mustRejoin = false
    this.#joining = true
    try {
      const { groupId, topics } = this.#options
      await this.#cluster.watch(topics)
      const { memberId, generationId } = this.#member
      const joined = await this.#coordinator.join(
        memberId,
        encodeSubscription({ topics, owned: this.#owned, generationId }),
      )
      if (joined.errorCode === KafkaCode.MEMBER_ID_REQUIRED) {
        this.#member = { memberId: joined.memberId, generationId: -1 }
        return await this.#join()
      }
      this.#orThrow(joined.errorCode, `joining group ${groupId}`)
      this.#member = { memberId: joined.memberId, generationId: joined.generationId }
      this.#isLeader = joined.leader === joined.memberId
      this.#heardMs = performance.now()
      const members = joined.members.map((each) => {
        return { memberId: each.memberId, instanceId: each.groupInstanceId ?? null, subscription: each.metadata }
      })
      // A static leader that comes back to a settled group has to leave the assignment as it is.
      const plan = this.#isLeader && !joined.skipAssignment ? await this.#plan(members) : []
      const sentMs = performance.now()
      const synced = await this.#coordinator.sync(this.#member, plan)
      if (synced.errorCode === KafkaCode.REBALANCE_IN_PROGRESS) return this.askToRejoin()
      this.#orThrow(synced.errorCode, `syncing with group ${groupId}`)
      this.#heardMs = Math.max(this.#heardMs, sentMs)
      this.#joining = false
      this.#heartbeat ??= setInterval(() => void this.#beat(), this.#options.heartbeatMs)
      await this.#apply(decodeAssignment(synced.assignment))
      this.#listener.rebalanced(this.#member.generationId, this.#owned.length)
    } finally {
      this.#joining = false
    }
  }

  async #plan(joined: readonly JoinedMember[]): Promise<{ memberId: string; assignment: Buffer }[]> {
    const members = joined.map(({ memberId, instanceId, subscription }) => {
      return { memberId, instanceId, ...decodeSubscription(subscription) }
    })
    const topics = [...new Set(members.flatMap((member) => member.topics))]
    await this.#cluster.watch(topics)
    this.#plannedPartitions = this.#countPartitions()
    const assignment = assignPartitions(members, (topic) => this.#cluster.topic(topic)?.partitions.length ?? 0)
    return [...assignment].map(([memberId, partitions]) => ({ memberId, assignment: encodeAssignment(partitions) }))
  }

  /** Releases first, takes on second. What was released is assigned to others only when we rejoin without it. */
  async #apply(assigned: readonly TopicPartition[]): Promise<void> {
    const { generationId } = this.#member
    const revoked = without(this.#owned, assigned)
    const added = without(assigned, this.#owned)
    this.#owned = without(this.#owned, revoked)
    if (revoked.length > 0) {
      await this.#listener.revoked(revoked)
      this.askToRejoin()
    }
    if (this.#member.generationId !== generationId || added.length === 0) return
    await this.#listener.assigned(added)
    if (this.#member.generationId === generationId) this.#owned = [...this.#owned, ...added]
    else this.#listener.lost(added)
  }

  async #untilRejoin(): Promise<void> {
    if (this.#mustRejoin || this.#stopping) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = null
  }

  /**
   * Goes on while joining, when the answers only show that the coordinator still counts on us: the answer to the join
   * has everything else.
   */
  async #beat(): Promise<void> {
    if (this.#member.generationId < 0) return
    const member = this.#member
    const wasJoining = this.#joining
    const sentMs = performance.now()
    try {
      const code = await this.#coordinator.heartbeat(member)
      if (member !== this.#member) return
      const isJoining = wasJoining || this.#joining
      if (code === KafkaCode.NONE || code === KafkaCode.REBALANCE_IN_PROGRESS) {
        this.#heardMs = Math.max(this.#heardMs, sentMs)
      } else if (!isJoining) this.#orThrow(code, 'heartbeat')
      if (!isJoining && (code === KafkaCode.REBALANCE_IN_PROGRESS || this.#topicsGrew())) this.askToRejoin()
    } catch (error) {
      if (this.#stopping) return
      this.#listener.troubled(error as Error)
      // A join that waits for a coordinator which is gone would wait for long.
      if (this.#joining) return this.isAlive ? undefined : await this.#coordinator.abortJoin()
      this.#loseIfForgotten()
      if (error instanceof KafkaError) this.askToRejoin()
    }
  }

  #orThrow(code: number, context: string): void {
    if (code === KafkaCode.NONE) return
    if (expels(code)) this.#lose(code === KafkaCode.ILLEGAL_GENERATION ? this.#member.memberId : '')
    throw new KafkaError(code, context)
  }

  #loseIfForgotten(): void {
    this.#coordinator.forget()
    if (this.#member.generationId >= 0 && !this.isAlive) this.#lose('')
  }

  #lose(memberId: string): void {
    this.#member = { memberId, generationId: -1 }
    this.#tenure++
    if (this.#owned.length > 0) this.#listener.lost(this.#owned.splice(0))
    this.askToRejoin()
  }

  #fail(error: Error): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    this.#lose('')
    this.#listener.failed(error)
  }

  #topicsGrew(): boolean {
    return this.#isLeader && this.#plannedPartitions !== this.#countPartitions()
  }

  #countPartitions(): string {
    const topics = [...this.#options.topics].sort()
    return topics.map((topic) => `${topic}=${this.#cluster.topic(topic)?.partitions.length ?? 0}`).join()
  }
}

function isFatal(error: unknown): boolean {
  if (!(error instanceof KafkaError)) return false
  if (error.code === KafkaCode.FENCED_INSTANCE_ID) return true
  return !error.retriable && !expels(error.code) && error.code !== KafkaCode.REBALANCE_IN_PROGRESS
}

function without(all: readonly TopicPartition[], some: readonly TopicPartition[]): TopicPartition[] {
  const names = new Set(some.map(({ topic, partition }) => `${partition}@${topic}`))
  return all.filter(({ topic, partition }) => !names.has(`${partition}@${topic}`))
}
