import type { Cluster } from '../../kafka/cluster/cluster.ts'
import type { Service } from '../../runtime/service.ts'
import { sampleLag } from '../lag/read-lag.ts'
import { positionsIn, READ_TOPICS, ReadUpTo } from './read-up-to.ts'
import { RetentionKeeper, type RetentionKeeperParts } from './retention-keeper.ts'

/** The service that drops old data, with its own connections to the brokers, which it closes when it stops. */
export function createRetention(parts: Omit<RetentionKeeperParts, 'readUpTo'> & { cluster: Cluster }): Service {
  const connections = parts.cluster.connections()
  const readUpTo = new ReadUpTo(async () =>
    positionsIn(await sampleLag(parts.cluster, connections, { topics: READ_TOPICS })),
  )
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
