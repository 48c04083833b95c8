import {
  type Connection,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  offsetCommitV8,
  offsetFetchV8,
  syncGroupV5,
} from '@platformatic/kafka'
import { callBroker } from '../../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../../cluster/cluster.ts'
import { findCoordinators } from '../../cluster/find-coordinators.ts'
import { KafkaCode, KafkaError } from '../../errors.ts'
import type { TopicPartition } from '../../wire/consumer-protocol.ts'
import type { ConsumerOptions } from '../consumer-options.ts'

/** Name of the assignment protocol; Kafka's tools read its payloads as those of any consumer. */
const PROTOCOL_NAME = 'cooperative-sticky'
const PROTOCOL_TYPE = 'consumer'
const REQUEST_TIMEOUT_MS = 5_000

/** Codes after which this member is no longer one: what it owned belongs to others, perhaps already. */
const EXPELLED = new Set<number>([
  KafkaCode.UNKNOWN_MEMBER_ID,
  KafkaCode.ILLEGAL_GENERATION,
  KafkaCode.FENCED_INSTANCE_ID,
])

const COORDINATOR_MOVED = new Set<number>([
  KafkaCode.NOT_COORDINATOR,
  KafkaCode.COORDINATOR_NOT_AVAILABLE,
  KafkaCode.COORDINATOR_LOAD_IN_PROGRESS,
])

export function expels(code: number): boolean {
  return EXPELLED.has(code)
}

/** Under which a group knows a member; generation -1 and an empty id before it does. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generationId: number
}

export interface PartitionCommit extends TopicPartition {
  readonly offset: number
  readonly metadata: string
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly subscription: Buffer
}

/**
 * A group's coordinator: finds it, follows it when it moves, and speaks the group protocol with it. Knows no state.
 *
 * Joining has connections of its own: a broker answers a connection's requests one after another, and a join may
 * wait a minute for the other members while heartbeats and commits must go on.
 */
export class GroupCoordinator {
  readonly #cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #connections: BrokerConnections
  #joinConnections: BrokerConnections
  #nodeId = -1

  constructor(cluster: Cluster, options: ConsumerOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#connections = cluster.connections(REQUEST_TIMEOUT_MS)
    this.#joinConnections = this.#openJoinConnections()
  }

  /** Look the coordinator up again before the next request. */
  forget(): void {
    this.#nodeId = -1
  }

  /** Breaks off a join that waits. */
  async abortJoin(): Promise<void> {
    const waiting = this.#joinConnections
    this.#joinConnections = this.#openJoinConnections()
    await waiting.close()
  }

  async close(): Promise<void> {
    await Promise.all([this.#connections.close(), this.#joinConnections.close()])
  }

  async join(memberId: string, subscription: Buffer): Promise<joinGroupV9.JoinGroupResponse> {
    const { groupId, sessionTimeoutMs, pollIntervalMsMax, groupInstanceId } = this.#options
    const connection = await this.#connect(this.#joinConnections)
    const response: joinGroupV9.JoinGroupResponse = await callBroker(
      connection,
      joinGroupV9.api,
      groupId,
      sessionTimeoutMs,
      pollIntervalMsMax,
      memberId,
      groupInstanceId,
      PROTOCOL_TYPE,
      [{ name: PROTOCOL_NAME, metadata: subscription }],
      null,
    )
    this.#followMove(response.errorCode)
    return response
  }

  async sync(
    member: MemberIdentity,
    assignments: readonly { memberId: string; assignment: Buffer }[],
  ): Promise<syncGroupV5.SyncGroupResponse> {
    const response: syncGroupV5.SyncGroupResponse = await callBroker(
      await this.#connect(this.#joinConnections),
      syncGroupV5.api,
      this.#options.groupId,
      member.generationId,
      member.memberId,
      this.#options.groupInstanceId,
      PROTOCOL_TYPE,
      PROTOCOL_NAME,
      assignments,
    )
    this.#followMove(response.errorCode)
    return response
  }

  /** The code of the answer. */
  async heartbeat(member: MemberIdentity): Promise<number> {
    const { groupId, groupInstanceId } = this.#options
    const response: heartbeatV4.HeartbeatResponse = await callBroker(
      await this.#connect(this.#connections),
      heartbeatV4.api,
      groupId,
      member.generationId,
      member.memberId,
      groupInstanceId,
    )
    this.#followMove(response.errorCode)
    return response.errorCode
  }

  async leave(memberId: string): Promise<void> {
    const members = [{ memberId, groupInstanceId: null, reason: 'stopped' }]
    await callBroker(await this.#connect(this.#connections), leaveGroupV5.api, this.#options.groupId, members)
  }

  /** Commits under the given generation; returns the code for each partition. */
  async commit(
    member: MemberIdentity,
    commits: readonly PartitionCommit[],
  ): Promise<(TopicPartition & { code: number })[]> {
    const topics = [...Map.groupBy(commits, (commit) => commit.topic)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: metadata,
      })),
    }))
    const { groupId, groupInstanceId } = this.#options
    const response: offsetCommitV8.OffsetCommitResponse = await callBroker(
      await this.#connect(this.#connections),
      offsetCommitV8.api,
      groupId,
      member.generationId,
      member.memberId,
      groupInstanceId,
      topics,
    )
    return response.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => {
        this.#followMove(errorCode)
        return { topic: name, partition: partitionIndex, code: errorCode }
      }),
    )
  }

  /** What is committed for these partitions; offset -1 means nothing. Throws KafkaError. */
  async committed(partitions: readonly TopicPartition[]): Promise<PartitionCommit[]> {
    const topics = [...Map.groupBy(partitions, (each) => each.topic)].map(([name, members]) => ({
      name,
      partitionIndexes: members.map(({ partition }) => partition),
    }))
    const response: offsetFetchV8.OffsetFetchResponse = await callBroker(
      await this.#connect(this.#connections),
      offsetFetchV8.api,
      [{ groupId: this.#options.groupId, memberId: null, memberEpoch: -1, topics }],
      true,
    )
    const group = response.groups[0]!
    this.#orThrow(group.errorCode, 'reading committed offsets')
    return group.topics.flatMap(({ name, partitions: committed }) =>
      committed.map(({ partitionIndex, errorCode, committedOffset, metadata }) => {
        this.#orThrow(errorCode, `reading the committed offset of ${name}[${partitionIndex}]`)
        return { topic: name, partition: partitionIndex, offset: Number(committedOffset), metadata: metadata ?? '' }
      }),
    )
  }

  #openJoinConnections(): BrokerConnections {
    return this.#cluster.connections(this.#options.pollIntervalMsMax + REQUEST_TIMEOUT_MS)
  }

  #orThrow(code: number, context: string): void {
    this.#followMove(code)
    if (code !== KafkaCode.NONE) throw new KafkaError(code, context)
  }

  #followMove(code: number): void {
    if (COORDINATOR_MOVED.has(code)) this.#nodeId = -1
  }

  async #connect(connections: BrokerConnections): Promise<Connection> {
    if (this.#nodeId < 0) this.#nodeId = await this.#find()
    try {
      return await connections.to(this.#nodeId)
    } catch (error) {
      this.#nodeId = -1
      throw error
    }
  }

  async #find(): Promise<number> {
    const { groupId } = this.#options
    return (await findCoordinators(this.#cluster, [groupId])).get(groupId)!
  }
}
