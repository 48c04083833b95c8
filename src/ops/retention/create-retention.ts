import { TOPICS } from '../../events/topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import type { Service } from '../../runtime/service.ts'
import { readLag } from '../lag/read-lag.ts'
import { ReadUpTo } from './read-up-to.ts'
import { RetentionKeeper, type RetentionKeeperParts } from './retention-keeper.ts'

/** Topics that carry what becomes of messages. */
const READ_TOPICS: ReadonlySet<string> = new Set([TOPICS.accepted, TOPICS.delivery, TOPICS.status])

/** The service that drops old data, with its own connections to the brokers, which it closes when it stops. */
export function createRetention(parts: Omit<RetentionKeeperParts, 'readUpTo'> & { cluster: Cluster }): Service {
  const connections = parts.cluster.connections()
  const readUpTo = new ReadUpTo(async () => {
    const lags = await readLag(parts.cluster, connections)
    return lags.filter(({ topic }) => READ_TOPICS.has(topic))
  })
  const keeper = new RetentionKeeper({ ...parts, readUpTo })
  return {
    name: keeper.name,
    start: () => keeper.start(),
    stop: async () => {
      await keeper.stop()
      await connections.close()
    },
  }
}
