import { commitOffsets } from '../../kafka/admin/commit-offsets.ts'
import { committedOffsets, listGroups } from '../../kafka/admin/read-groups.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../../kafka/consumer/fetch/list-offsets.ts'
import { KafkaCode, KafkaError } from '../../kafka/errors.ts'
import type { TopicPartition } from '../../kafka/wire/consumer-protocol.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { type PartitionState, planReset, type ResetRow } from './plan-reset.ts'
import type { ResetTarget } from './reset-target.ts'

export interface ResetRequest {
  readonly group: string
  /** Only these; all that the group has committed if empty. */
  readonly topics: readonly string[]
  readonly target: ResetTarget
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}[${partition}]`

/**
 * What a reset would do; changes nothing. Throws ExpectedError for a group that there is not, that has members, or
 * that never committed anything for the topics.
 */
export async function previewReset(
  cluster: Cluster,
  connections: BrokerConnections,
  { group, topics, target }: ResetRequest,
): Promise<ResetRow[]> {
  await demandIdle(cluster, connections, group)
  const committed = await committedOffsets(cluster, connections, [group])
  const offsetOf = new Map(committed.map((each) => [nameOf(each), each.offset]))
  const names = topics.length > 0 ? topics : [...new Set(committed.map(({ topic }) => topic))]
  if (names.length === 0) {
    throw new ExpectedError(`Group "${group}" has committed nothing: name the topics with --topic.`)
  }
  await cluster.watch(names)
  const partitions = names.flatMap((topic) => partitionsOf(cluster, topic))
  const [starts, ends, times] = await Promise.all([
    listOffsets(cluster, connections, partitions, EARLIEST),
    listOffsets(cluster, connections, partitions, LATEST),
    target.kind === 'time' ? listOffsets(cluster, connections, partitions, target.atMs) : [],
  ])
  const startOf = new Map(starts.map((each) => [nameOf(each), each.offset]))
  const timeOf = new Map(times.map((each) => [nameOf(each), each.offset]))
  const states = ends.map((end): PartitionState => {
    const name = nameOf(end)
    const found = timeOf.get(name)
    const atTime = found === undefined ? null : found < 0 ? end.offset : found
    const { topic, partition, offset: logEnd } = end
    return { topic, partition, committed: offsetOf.get(name) ?? null, logStart: startOf.get(name)!, logEnd, atTime }
  })
  states.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  return planReset(states, target)
}

/** Carries a preview out. Returns it with what Kafka says of it afterwards. */
export async function applyReset(
  cluster: Cluster,
  connections: BrokerConnections,
  group: string,
  rows: readonly ResetRow[],
): Promise<ResetRow[]> {
  try {
    const offsets = rows.map(({ topic, partition, after }) => ({ topic, partition, offset: after }))
    await commitOffsets(cluster, connections, group, offsets)
  } catch (error) {
    if (error instanceof KafkaError && error.code === KafkaCode.UNKNOWN_MEMBER_ID) throw alive(group)
    throw error
  }
  const committed = await committedOffsets(cluster, connections, [group])
  const offsetOf = new Map(committed.map((each) => [nameOf(each), each.offset]))
  return rows.map((row) => ({ ...row, after: offsetOf.get(nameOf(row)) ?? -1 }))
}

async function demandIdle(cluster: Cluster, connections: BrokerConnections, group: string): Promise<void> {
  const groups = await listGroups(cluster, connections)
  const found = groups.find(({ groupId }) => groupId === group)
  if (!found) {
    const known = groups.map(({ groupId }) => groupId).join(', ')
    throw new ExpectedError(`There is no group "${group}". There are: ${known || 'none'}.`)
  }
  if (found.state !== 'Empty' && found.state !== 'Dead') throw alive(group)
}

function alive(group: string): ExpectedError {
  return new ExpectedError(
    `Group "${group}" has members, which would overwrite the reset. Stop them first; \`smsgw lag ${group}\` shows its offsets.`,
  )
}

function partitionsOf(cluster: Cluster, topic: string): TopicPartition[] {
  const known = cluster.topic(topic)
  if (!known) throw new ExpectedError(`There is no topic "${topic}". \`smsgw topics describe\` shows those there are.`)
  return known.partitions.map(({ partition }) => ({ topic, partition }))
}
