import { anchorRecord } from '../../audit/anchor-store.ts'
import { TOPICS } from '../../events/topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { Producer } from '../../kafka/producer/producer.ts'

/** Publishes an anchor that PostgreSQL has. Resolves when Kafka has it. */
export async function publishAnchor(cluster: Cluster, chain: string, text: string): Promise<void> {
  const producer = new Producer(cluster)
  try {
    await producer.start([TOPICS.anchors])
    await producer.send(anchorRecord(chain, text))
  } finally {
    await producer.close()
  }
}
