import { expect, onTestFinished, test } from 'vitest'
import { ConsumerRole } from '../../src/consumer-role/consumer-role.ts'
import type { DeadLetter } from '../../src/events/dead-letter.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE, deadLetter } from '../../src/kafka/consumer/outcome.ts'
import type { RecordHandler } from '../../src/kafka/middleware/middleware.ts'
import { retry } from '../../src/kafka/middleware/retry.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, send } from '../servers/group-member.ts'

/** A role with this handler; its dead letters are kept as `value: reason`. */
async function brakedRole(topic: string, handler: RecordHandler) {
  const cluster = testCluster()
  const groupId = uniqueName('group')
  const metrics = new Metrics()
  const health = new Health()
  const letters: string[] = []
  const producer = {
    send: async ({ value }: ProducerRecord) => {
      const { message, reason } = JSON.parse(String(value)) as DeadLetter
      letters.push(`${String(message)}: ${reason}`)
      return { partition: 0, offset: letters.length - 1 }
    },
  }
  const retried = retry({ attemptsMax: 3, backoffMsFirst: 10, backoffMsMax: 50 })
  const parts = { instanceId: null, cluster, health, metrics, log: createLog('test', 'silent') }
  const role = new ConsumerRole(parts, {
    name: 'role',
    group: groupId,
    topics: [topic],
    producer,
    handling: (dead) => inLanes({ handle: dead.after(retried(handler)), concurrencyMax: 50 }),
  })
  onTestFinished(() => role.stop())
  await role.start()
  const braked = (): Promise<string> => metrics.registry.getSingleMetricAsString('smsgw_consumer_braked')
  return { cluster, groupId, health, letters, braked }
}

test('a handler that always throws stops its consumer, and goes on with everything when it is mended', async () => {
  const topic = await freshTopic(testCluster(), 2)
  await fill(testCluster(), topic, 300)
  let isBroken = true
  const handled = new Set<string>()
  const { cluster, groupId, health, letters, braked } = await brakedRole(topic, (record) => {
    if (isBroken) throw new TypeError("Cannot read properties of undefined (reading 'x')")
    handled.add(record.value!.toString())
    return DONE
  })
  const report = await eventually(
    'the consumer is not ready',
    () => health.report(),
    ({ ready }) => !ready,
  )
  expect(report.checks['role-brake']).toContain('Cannot read properties of undefined')
  expect(await braked()).toContain(`{group="${groupId}"} 1`)
  expect(letters.length).toBeLessThanOrEqual(5)
  const committed = await committedByPartition(cluster, groupId)
  expect([...committed.values()].reduce((sum, offset) => sum + offset, 0)).toBeLessThanOrEqual(letters.length)
  isBroken = false
  await eventually(
    'all other records are handled',
    () => handled.size,
    (count) => count === 300 - letters.length,
  )
  expect(handled.size).toBe(300 - letters.length)
  expect((await health.report()).ready).toBe(true)
})

test('a few poison records among good ones become dead letters, once each, and block no other', async () => {
  const topic = await freshTopic(testCluster())
  const values = Array.from({ length: 40 }, (_, n) => (n % 15 === 7 ? `poison ${n}` : `good ${n}`))
  await send(
    testCluster(),
    topic,
    values.map((value) => ({ key: value, value })),
  )
  const handled = new Set<string>()
  const { letters, braked, cluster, groupId } = await brakedRole(topic, (record) => {
    const value = record.value!.toString()
    if (value.startsWith('poison')) throw new TypeError('poison')
    handled.add(value)
    return DONE
  })
  const committed = await eventually(
    'all 40 records are committed',
    () => committedByPartition(cluster, groupId),
    (offsets) => offsets.get(0) === 40,
  )
  expect(committed.get(0)).toBe(40)
  expect(letters.sort()).toEqual(['poison 22', 'poison 37', 'poison 7'].map((value) => `${value}: attempts-exhausted`))
  expect(handled.size).toBe(37)
  expect(await braked()).toContain(`{group="${groupId}"} 0`)
})

test('verdicts on records are passed on, however many they are', async () => {
  const topic = await freshTopic(testCluster())
  await fill(testCluster(), topic, 200)
  const { letters, braked, groupId } = await brakedRole(topic, () => deadLetter('schema', 'not of its form'))
  await eventually(
    'all 200 records are dead-lettered',
    () => letters.length,
    (count) => count === 200,
  )
  expect(letters).toHaveLength(200)
  expect(await braked()).toContain(`{group="${groupId}"} 0`)
})
