import { FORMER_GROUPS } from '../../events/topics.ts'
import { countMembers } from '../../kafka/admin/describe-groups.ts'
import { type CommittedOffset, committedOffsets, type ListedGroup, listGroups } from '../../kafka/admin/read-groups.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../../kafka/consumer/fetch/list-offsets.ts'
import type { TopicPartition } from '../../kafka/wire/consumer-protocol.ts'

const FORMER: ReadonlySet<string> = new Set(Object.values(FORMER_GROUPS))

/** How far a group is in a partition. */
export interface PartitionLag extends TopicPartition {
  readonly group: string
  /** The next offset that the group would read, as committed. */
  readonly currentOffset: number
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly lag: number
}

export interface PartitionEnds extends TopicPartition {
  readonly logStartOffset: number
  readonly logEndOffset: number
}

export interface SampledGroup extends ListedGroup {
  /** Null when the group disappeared during the query. */
  readonly members: number | null
}

/** What the cluster said of its groups at a moment. */
export interface LagSample {
  readonly atMs: number
  /** Also those without members, and those that have committed nothing. */
  readonly groups: readonly SampledGroup[]
  readonly lags: readonly PartitionLag[]
  readonly partitions: readonly PartitionEnds[]
  /** Names of partitions that have no leader now, of which nothing can be said. */
  readonly leaderless: ReadonlySet<string>
}

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`
}

/**
 * All that can be said of one moment: of every group (but former ones of ours, whose lag grows for ever) or of `only`
 * one, and of `topics` even if no group reads them. Partitions that are gone, or without a leader now, are left out.
 * Throws KafkaError or KafkaUnreachableError.
 */
export async function sampleLag(
  cluster: Cluster,
  connections: BrokerConnections,
  { topics = [], only }: { readonly topics?: readonly string[]; readonly only?: string | undefined } = {},
): Promise<LagSample> {
  const listed = (await listGroups(cluster, connections)).filter(({ groupId }) =>
    only === undefined ? !FORMER.has(groupId) : groupId === only,
  )
  const groupIds = listed.map(({ groupId }) => groupId)
  const members = await countMembers(cluster, connections, listed)
  const offsets = await readOffsets(cluster, connections, groupIds, topics)
  const groups = listed.map((group) => ({ ...group, members: members.get(group.groupId) ?? null }))
  return { atMs: Date.now(), groups, ...offsets }
}

/**
 * Beginnings are read before committed offsets, and these before ends: whatever moves in between, a lag is never below
 * the truth, and a group is never taken for one that retention has overtaken. A first look at committed offsets gives
 * the topics to query.
 */
async function readOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  groupIds: readonly string[],
  topics: readonly string[],
): Promise<Pick<LagSample, 'lags' | 'partitions' | 'leaderless'>> {
  const read = (await committedOffsets(cluster, connections, groupIds)).map(({ topic }) => topic)
  const asked = [...new Set([...topics, ...read])]
  await cluster.watch(asked)
  const present = partitionsOf(cluster, asked)
  const led = present.filter(({ topic, partition }) => cluster.leaderOf(topic, partition) !== undefined)
  const starts = offsetsByName(await listOffsets(cluster, connections, led, EARLIEST))
  const committed = await committedOffsets(cluster, connections, groupIds)
  const ends = offsetsByName(await listOffsets(cluster, connections, led, LATEST))
  const lagOf = (each: CommittedOffset): PartitionLag[] => {
    const { groupId: group, topic, partition, offset: currentOffset } = each
    const name = partitionName(each)
    const [logStartOffset, logEndOffset] = [starts.get(name), ends.get(name)]
    if (logStartOffset === undefined || logEndOffset === undefined) return []
    const lag = Math.max(0, logEndOffset - currentOffset)
    return [{ group, topic, partition, currentOffset, logStartOffset, logEndOffset, lag }]
  }
  return {
    lags: committed.flatMap(lagOf).sort(inOrder),
    partitions: led.map((each) => {
      const name = partitionName(each)
      return { ...each, logStartOffset: starts.get(name)!, logEndOffset: ends.get(name)! }
    }),
    leaderless: new Set(present.filter((each) => !led.includes(each)).map(partitionName)),
  }
}

function partitionsOf(cluster: Cluster, topics: readonly string[]): TopicPartition[] {
  return topics.flatMap(
    (topic) => cluster.topic(topic)?.partitions.map(({ partition }) => ({ topic, partition })) ?? [],
  )
}

function offsetsByName(offsets: readonly (TopicPartition & { readonly offset: number })[]): Map<string, number> {
  return new Map(offsets.map((each) => [partitionName(each), each.offset]))
}

function inOrder(a: PartitionLag, b: PartitionLag): number {
  return a.group.localeCompare(b.group) || a.topic.localeCompare(b.topic) || a.partition - b.partition
}
