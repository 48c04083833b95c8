import { type PartitionRange, readRange } from '../../kafka/admin/read-range.ts'
import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../../kafka/consumer/fetch/list-offsets.ts'
import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

/** From `fromMs` to before `toMs`, in milliseconds since the epoch. */
export interface TimeRange {
  readonly topic: string
  readonly fromMs: number
  readonly toMs: number
}

/**
 * Where each partition's part of a time begins and ends. Throws ExpectedError for a topic that there is not, and for a
 * time from which retention has removed records.
 */
export async function offsetsOfTime(
  cluster: Cluster,
  connections: BrokerConnections,
  { topic, fromMs, toMs }: TimeRange,
): Promise<PartitionRange[]> {
  await cluster.watch([topic])
  const known = cluster.topic(topic)
  if (!known) throw new ExpectedError(`There is no topic "${topic}". \`smsgw topics describe\` shows those there are.`)
  const partitions = known.partitions.map(({ partition }) => ({ topic, partition }))
  const [starts, ends, firsts, lasts] = await Promise.all(
    [EARLIEST, LATEST, fromMs, toMs].map(async (at) => {
      const offsets = await listOffsets(cluster, connections, partitions, at)
      return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
    }),
  )
  return partitions.map(({ partition }) => {
    const start = starts!.get(partition)!
    const logEnd = ends!.get(partition)!
    const found = firsts!.get(partition)!
    const after = lasts!.get(partition)!
    const first = found < 0 ? logEnd : found
    if (start > 0 && first === start && start < logEnd) {
      const from = new Date(fromMs).toISOString()
      throw new ExpectedError(
        `${topic}[${partition}] begins after ${from}: retention has removed what was before. Use a later --from.`,
      )
    }
    return { topic, partition, first, end: after < 0 ? logEnd : after }
  })
}

/** Records of the ranges, partition after partition, in pieces. */
export async function* readRanges(
  cluster: Cluster,
  connections: BrokerConnections,
  ranges: readonly PartitionRange[],
): AsyncGenerator<ConsumedRecord[]> {
  for (const range of ranges) yield* readRange(cluster, connections, range)
}
