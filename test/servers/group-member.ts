import { onTestFinished } from 'vitest'
import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import type { ConsumerObserver } from '../../src/kafka/consumer/consumer-observer.ts'
import { type ConsumerOptions, consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import type { GiveUp } from '../../src/kafka/consumer/lanes/dispatcher.ts'
import type { SettledHandler } from '../../src/kafka/middleware/middleware.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'

/** Sends records and waits until all are acknowledged. */
export async function send(cluster: Cluster, topic: string, records: readonly Omit<ProducerRecord, 'topic'>[]) {
  const producer = new Producer(cluster)
  await producer.start([topic])
  await Promise.all(records.map((record) => producer.send({ topic, ...record })))
  await producer.close()
}

/** Records numbered from `from` on, of 20 keys in turn. */
export function fill(cluster: Cluster, topic: string, records: number, from = 0): Promise<void> {
  return send(
    cluster,
    topic,
    Array.from({ length: records }, (_, n) => ({ key: `k${n % 20}`, value: `${from + n}` })),
  )
}

export interface MemberParts {
  readonly cluster: Cluster
  readonly topic: string
  readonly groupId: string
  readonly handle: SettledHandler
  readonly giveUp?: GiveUp
  readonly options?: Partial<ConsumerOptions>
  readonly observer?: ConsumerObserver
}

/** A member of a group that is gone when the test ends. */
export async function startMember(parts: MemberParts): Promise<Consumer> {
  const { cluster, topic, groupId, options = {}, observer = {} } = parts
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId, topics: [topic] }, { fetchBytesMin: 1, ...options }),
    inLanes({ ...parts, concurrencyMax: 50 }),
    observer,
  )
  onTestFinished(() => consumer.stop())
  await consumer.start()
  return consumer
}

/** What a group has committed, by partition. */
export async function committedByPartition(cluster: Cluster, groupId: string): Promise<Map<number, number>> {
  const connections = cluster.connections()
  try {
    const committed = await committedOffsets(cluster, connections, [groupId])
    return new Map(committed.map(({ partition, offset }) => [partition, offset]))
  } finally {
    await connections.close()
  }
}

/** Watches a group's committed offsets from outside, and keeps every step back. */
export function watchCommits(
  cluster: Cluster,
  groupId: string,
): { stepsBack: string[]; looks: () => number; stop(): Promise<void> } {
  const stepsBack: string[] = []
  const highest = new Map<number, number>()
  let looks = 0
  let stopped = false
  const watching = (async () => {
    while (!stopped) {
      for (const [partition, offset] of await committedByPartition(cluster, groupId)) {
        const before = highest.get(partition) ?? -1
        if (offset < before) stepsBack.push(`${partition}: ${before} → ${offset}`)
        highest.set(partition, offset)
      }
      looks++
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  const stop = async (): Promise<void> => {
    stopped = true
    await watching
  }
  return { stepsBack, looks: () => looks, stop }
}
