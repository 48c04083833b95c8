import { join, resolve } from 'node:path'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { createTopics, type NewTopic } from '../../src/kafka/admin/create-topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import type { Workbench } from './workbench.ts'

/** Where the jars lie that were fetched before; the same place that `smsgw up` uses. */
export const CACHE_FOLDER = resolve(process.env.SMSGW_DATA || '.smsgw', 'cache')

/** Brokers of the run's own. */
export function startKafka(workbench: Workbench, brokers: 1 | 3): Promise<KafkaCluster> {
  return workbench.keep(
    KafkaCluster.start({
      folder: join(workbench.folder, 'kafka'),
      cacheFolder: CACHE_FOLDER,
      brokers,
      progress: (part, text, kind) => {
        if (kind !== 'count') workbench.progress(`${part}: ${text}`)
      },
      withoutLogin: true,
    }),
  )
}

/** A topic with as many replicas as there are brokers, at most three, and one of them to spare. */
export async function makeTopic(kafka: KafkaCluster, topic: Pick<NewTopic, 'name' | 'partitions'>): Promise<void> {
  const replicationFactor = Math.min(3, kafka.nodeIds.length)
  // What producers compress is what is measured: brokers would store it in snappy.
  const configs = { 'min.insync.replicas': String(Math.max(1, replicationFactor - 1)), 'compression.type': 'producer' }
  const cluster = new Cluster({ brokers: kafka.brokers.split(','), clientId: 'bench' })
  try {
    await createTopics(cluster, [{ ...topic, replicationFactor, configs }])
  } finally {
    await cluster.close()
  }
}
