import { TOPICS } from '../../src/events/topics.ts'
import { addPartitions } from '../../src/kafka/admin/add-partitions.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { kafkaOf, type ServersFile } from '../../src/process/servers/servers-file.ts'

const GROWN = [TOPICS.accepted, TOPICS.status]
const ADDED = 5

/** Adds partitions to the topics that ClickHouse reads, each with the replicas of the topic's first. */
export async function growTopics(servers: ServersFile): Promise<void> {
  const cluster = new Cluster({ ...kafkaOf(servers), clientId: 'bench-grow' })
  try {
    await cluster.watch(GROWN)
    for (const topic of GROWN) {
      const { partitions } = cluster.topic(topic)!
      const replicas = Array.from({ length: ADDED }, () => partitions[0]!.replicas)
      await addPartitions(cluster, topic, partitions.length + ADDED, replicas)
    }
  } finally {
    await cluster.close()
  }
}

/** Adds partitions so many times, evenly spread over that time. Resolves when all are there. */
export async function growDuring(servers: ServersFile, seconds: number, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / (times + 1)))
    await growTopics(servers)
  }
}
