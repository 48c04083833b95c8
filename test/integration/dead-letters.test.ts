import { expect, test } from 'vitest'
import { startBenchGateway } from '../../bench/bench-gateway.ts'
import { postOpenLoop } from '../../bench/load/post-open-loop.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { headerOf } from '../../src/kafka/wire/consumed-record.ts'
import { kafkaOf } from '../../src/process/servers/servers-file.ts'
import { eventually } from '../servers/eventually.ts'
import { readTopic } from '../servers/read-topic.ts'

const BAD = { 'not JSON': 'not-json', '{"sms_id":"seven"}': 'schema' } as const
type BadValue = keyof typeof BAD

test('records that are no events go to the dead letters with their reason, and their partitions move on', async () => {
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({
    brokers: 1,
    customers: 3,
    webhooks: { customers: 0, url: '' },
  })
  const cluster = new Cluster({ ...kafkaOf(gateway.servers), clientId: 'test' })
  const producer = new Producer(cluster)
  try {
    await producer.start([TOPICS.delivery, TOPICS.status])
    for (const topic of [TOPICS.delivery, TOPICS.status]) {
      const partitions = cluster.topic(topic)!.partitions.length
      // At the head of every partition, so that no message can go round them.
      for (let partition = 0; partition < partitions; partition++) {
        for (const value of Object.keys(BAD)) await producer.send({ topic, partition, key: 'poison', value })
      }
    }
    const load = { api: gateway.servers.api, apiKeys, ratePerSecond: 100, seconds: 2, connections: 8, phones: 1_000 }
    const { accepted } = await postOpenLoop({ ...load, idempotency: null })
    expect(accepted).toHaveLength(200)
    const delivered = await eventually(
      'every message is delivered',
      async () => {
        const { rows } = await pool.query<{ count: number }>(
          "SELECT count(*) AS count FROM message_states WHERE customer_id LIKE 'bench-%' AND status = 'delivered'",
        )
        return rows[0]!.count
      },
      (count) => count === 200,
    )
    expect(delivered).toBe(200)

    // sms.delivery is read by the worker alone, sms.status by the status updater and the webhook dispatcher.
    const expected = 50 * 2 + 30 * 2 * 2
    const letters = await eventually(
      'every dead letter is published',
      () => readTopic(cluster, TOPICS.deadLetters),
      (records) => records.length >= expected,
    )
    expect(letters).toHaveLength(expected)
    for (const record of letters) {
      const letter = JSON.parse(record.value!.toString()) as {
        message: object | string
        reason: string
        original_topic: string
      }
      // An object is there as an object.
      const { message } = letter
      expect(typeof message).toBe(letter.reason === 'schema' ? 'object' : 'string')
      expect(letter.reason).toBe(BAD[(typeof message === 'string' ? message : JSON.stringify(message)) as BadValue])
      expect(record.key!.toString()).toBe('poison')
      expect(headerOf(record, 'kafka_dlt-original-topic')).toBe(letter.original_topic)
    }
  } finally {
    await producer.close()
    await cluster.close()
    await stop()
  }
})
