import { randomInt } from 'node:crypto'
import { TOPICS } from '../../events/topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { Producer } from '../../kafka/producer/producer.ts'
import { type ActDetails, adminActRecord } from './admin-act-record.ts'

const RANDOM_MAX = 2 ** 48 - 1

/**
 * Publishes the act of a change that is made in Kafka, before it is begun: PostgreSQL need not be reachable for it.
 * Returns false if the cluster has no topic for acts yet, as before the topics are applied for the first time.
 */
export async function publishAct(cluster: Cluster, by: string, act: ActDetails): Promise<boolean> {
  await cluster.watch([TOPICS.acts])
  if (!cluster.topic(TOPICS.acts)) return false
  const producer = new Producer(cluster)
  try {
    await producer.start([TOPICS.acts])
    await producer.send(adminActRecord(randomInt(1, RANDOM_MAX), by, act, Date.now()))
  } finally {
    await producer.close()
  }
  return true
}
