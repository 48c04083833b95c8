import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import type { CommitHistory } from './facts.ts'
import { OffsetMoves, writtenCommit } from './offset-moves.ts'
import { readLog } from './read-log.ts'

/*
  A record of __consumer_offsets (Kafka's OffsetCommitKey and OffsetCommitValue), for versions 0 and 1 of the key:
    key:   version int16, group string, topic string, partition int32
    value: version int16, offset int64, … ; null when the offset was deleted
  Other versions of the key are about groups, not offsets.
*/
const OFFSET_KEY_VERSION_MAX = 1

/** Every commit of these groups that the brokers wrote down, in the order in which they did. */
export async function readCommitHistory(cluster: Cluster, groups: ReadonlySet<string>): Promise<CommitHistory> {
  const moves = new OffsetMoves()
  const written = new Set<string>()
  await readLog(cluster, '__consumer_offsets', ({ key, value }) => {
    if (!key || key.readInt16BE(0) > OFFSET_KEY_VERSION_MAX) return
    const { group, topic, partition } = readKey(key)
    if (!groups.has(group)) return
    const place = `${group} ${topic}[${partition}]`
    const offset = value ? Number(value.readBigInt64BE(2)) : null
    moves.saw(place, offset)
    if (offset !== null) written.add(writtenCommit(place, offset))
  })
  return { ...moves.facts, written }
}

function readKey(key: Buffer): { group: string; topic: string; partition: number } {
  const groupEnd = 4 + key.readInt16BE(2)
  const topicEnd = groupEnd + 2 + key.readInt16BE(groupEnd)
  return {
    group: key.toString('utf8', 4, groupEnd),
    topic: key.toString('utf8', groupEnd + 2, topicEnd),
    partition: key.readInt32BE(topicEnd),
  }
}
