import { onTestFinished } from 'vitest'
import { GROUPS, TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { producerOptions } from '../../src/kafka/producer/producer-options.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import type { Service } from '../../src/runtime/service.ts'
import { MemoryKafka } from '../kafka-in-memory/memory-kafka.ts'
import { send } from '../servers/group-member.ts'
import { UnreliableCluster } from '../servers/unreliable-cluster.ts'

/** What a process of the gateway has of its own. */
export interface RoleProcess {
  /** Its requests to Kafka meet the fate that a test decides. */
  readonly cluster: UnreliableCluster
  readonly producer: Producer
  readonly health: Health
  readonly metrics: Metrics
  readonly log: ReturnType<typeof createLog>
  readonly instanceId: string
}

/** A broker in memory that has the gateway's topics. */
export async function gatewayKafka(partitions = 1) {
  const kafka = await MemoryKafka.start()
  const cluster = clusterOf(kafka)
  const connections = cluster.connections()
  onTestFinished(async () => {
    await cluster.close()
    await kafka.stop()
  })
  await createTopics(
    cluster,
    Object.values(TOPICS).map((name) => ({ name, partitions, replicationFactor: 1 })),
  )
  return {
    kafka,
    cluster,
    send: (topic: string, records: readonly Omit<ProducerRecord, 'topic'>[]) => send(cluster, topic, records),
    /** The sum of what a group has committed of all partitions. */
    committed: async (group: keyof typeof GROUPS): Promise<number> => {
      const committed = await committedOffsets(cluster, connections, [GROUPS[group]])
      return committed.reduce((sum, { offset }) => sum + offset, 0)
    },
  }
}

/**
 * A process for a role, all of one lasting name: a later one takes the place of an earlier one at once. Its producer gives
 * a record up after a second.
 */
export async function roleProcess(kafka: MemoryKafka): Promise<RoleProcess> {
  const cluster = clusterOf(kafka)
  const patience = { requestTimeoutMs: 300, deliveryTimeoutMs: 1_000, lingerMs: 0 }
  const producer = new Producer(cluster, producerOptions('safe', patience))
  await producer.start(Object.values(TOPICS))
  onTestFinished(async () => {
    await producer.close()
    await cluster.close()
  })
  const log = createLog('test', 'silent')
  return { cluster, producer, health: new Health(), metrics: new Metrics(), log, instanceId: 'the-process' }
}

/** Starts a role that is stopped when the test ends. */
export async function startRole<Role extends Service>(role: Role): Promise<Role> {
  onTestFinished(() => role.stop())
  await role.start()
  return role
}

function clusterOf(kafka: MemoryKafka): UnreliableCluster {
  return new UnreliableCluster({ brokers: [kafka.brokers], clientId: 'role' })
}
