import type { BrokerConnections, Cluster } from '../../kafka/cluster/cluster.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { isChosen, type RecordChoice } from './choose-records.ts'
import { offsetsOfTime, readRanges, type TimeRange } from './read-time-range.ts'
import type { ReplayTarget } from './replay-targets.ts'

export interface ReplayResult {
  /** Records of that time, those chosen of them, and those that the target could take. */
  readonly read: number
  readonly chosen: number
  readonly taken: number
}

/** Gives records of a topic to one target again; every other consumer of the topic sees nothing of it. */
export async function replayRecords(
  cluster: Cluster,
  connections: BrokerConnections,
  range: TimeRange,
  choice: RecordChoice,
  target: ReplayTarget,
  progress: (read: number, of: number) => void,
): Promise<ReplayResult> {
  if (target.topics.length > 0 && !target.topics.includes(range.topic)) {
    throw new ExpectedError(`It takes ${target.topics.join(' or ')}, not ${range.topic}.`)
  }
  const ranges = await offsetsOfTime(cluster, connections, range)
  const total = ranges.reduce((sum, { first, end }) => sum + end - first, 0)
  let read = 0
  let chosen = 0
  let taken = 0
  for await (const records of readRanges(cluster, connections, ranges)) {
    const wanted = records.filter((record) => isChosen(record, choice))
    if (wanted.length > 0) taken += await target.take(wanted)
    read += records.length
    chosen += wanted.length
    progress(read, total)
  }
  return { read, chosen, taken }
}
