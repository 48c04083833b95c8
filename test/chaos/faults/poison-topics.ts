import { Producer } from '../../../src/kafka/producer/producer.ts'
import { producerOptions } from '../../../src/kafka/producer/producer-options.ts'
import { SeededRandom } from '../../gateway/seeded-random.ts'
import { insist } from '../campaign/insist.ts'
import type { BrokenSystem, Fault } from './fault.ts'

const LARGE_BYTES = 1_000_000
/** Brokers that the fault before killed may still be on their way up. */
const PRODUCER = producerOptions('safe', { deliveryTimeoutMs: 120_000 })

/** What is planted; bytes follow from the kind alone. Nothing of it names a message that there is. */
const POISON: Readonly<Record<string, () => Buffer>> = {
  'random-bytes': () => randomBytes(300),
  'one-megabyte': () => randomBytes(LARGE_BYTES),
  'wrong-schema': () => Buffer.from('{"sms_id":"seven","status":{"nested":true}}'),
  'unknown-version': () => Buffer.from('{"version":99,"payload":{"id":1,"state":"DELIVERED"}}'),
}

/** F16: records that are no events, on all topics from which something is done. */
export const poisonTopics: Fault = {
  code: 'F16',
  name: 'poison-topics',
  promises: 'each comes to the dead letters (or ClickHouse’s own); no process ends; what is behind it goes on',
  targets: Object.keys(POISON),
  holdMs: { quick: [0, 0], full: [0, 2_000] },
  async inject({ servers, planted }: BrokenSystem, target: string): Promise<void> {
    const topics = ['sms.accepted', 'sms.delivery', 'sms.status']
    const producer = new Producer(servers.cluster, PRODUCER)
    try {
      await insist(() => producer.start(topics))
      for (const topic of topics) {
        const { partition, offset } = await producer.send({ topic, key: 'poison', value: POISON[target]!() })
        planted({ topic, partition, offset, what: target })
      }
    } finally {
      await producer.close()
    }
  },
  async heal(): Promise<void> {},
}

function randomBytes(length: number): Buffer {
  const random = new SeededRandom(length)
  return Buffer.from(Array.from({ length }, () => random.between(0, 255)))
}
