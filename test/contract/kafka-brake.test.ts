import { expect, test } from 'vitest'
import { brakeCheck, observedBrake } from '../../src/consumer-role/observe-brake.ts'
import { DONE, deadLetter } from '../../src/kafka/consumer/outcome.ts'
import { deadLetters, type PublishDeadLetter } from '../../src/kafka/middleware/dead-letter.ts'
import type { DeadLetterBrake } from '../../src/kafka/middleware/dead-letter-brake.ts'
import type { RecordHandler } from '../../src/kafka/middleware/middleware.ts'
import { retry } from '../../src/kafka/middleware/retry.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { eventually } from '../servers/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, send, startMember } from '../servers/group-member.ts'

/** A member whose handler is wrapped as those of the worker and the webhooks are. */
async function brakedMember(topic: string, handler: RecordHandler) {
  const cluster = testCluster()
  const groupId = uniqueName('group')
  const metrics = new Metrics()
  const brake: DeadLetterBrake = observedBrake(createLog('test', 'silent'), metrics, groupId)
  const health = new Health()
  health.add('brake', brakeCheck(brake))
  const letters: string[] = []
  const retried = retry({ attemptsMax: 3, backoffMsFirst: 10, backoffMsMax: 50 })
  const publish: PublishDeadLetter = async (record, { reason }) => {
    letters.push(`${record.value!.toString()}: ${reason}`)
  }
  await startMember({ cluster, topic, groupId, handle: deadLetters(retried(handler), publish, { brake }) })
  return { cluster, groupId, brake, health, letters, metrics }
}

test('a handler that always throws stops its consumer, and goes on with everything when it is mended', async () => {
  const topic = await freshTopic(testCluster(), 2)
  await fill(testCluster(), topic, 300)
  let isBroken = true
  const handled = new Set<string>()
  const { cluster, groupId, health, letters, metrics } = await brakedMember(topic, (record) => {
    if (isBroken) throw new TypeError("Cannot read properties of undefined (reading 'x')")
    handled.add(record.value!.toString())
    return DONE
  })
  const report = await eventually(
    'the consumer is not ready',
    () => health.report(),
    ({ ready }) => !ready,
  )
  expect(report.checks.brake).toContain('Cannot read properties of undefined')
  expect(await metrics.registry.getSingleMetricAsString('smsgw_consumer_braked')).toContain(`{group="${groupId}"} 1`)
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

test('a few poison records among good ones are passed on, once each, and stop nobody', async () => {
  const topic = await freshTopic(testCluster())
  const values = Array.from({ length: 40 }, (_, n) => (n % 15 === 7 ? `poison ${n}` : `good ${n}`))
  await send(
    testCluster(),
    topic,
    values.map((value) => ({ key: value, value })),
  )
  const handled = new Set<string>()
  const { letters, brake, cluster, groupId } = await brakedMember(topic, (record) => {
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
  expect(brake.braked).toBeNull()
})

test('verdicts on records are passed on, however many they are', async () => {
  const topic = await freshTopic(testCluster())
  await fill(testCluster(), topic, 200)
  const { letters, brake } = await brakedMember(topic, () => deadLetter('schema', 'not of its form'))
  await eventually(
    'all 200 records are dead-lettered',
    () => letters.length,
    (count) => count === 200,
  )
  expect(letters).toHaveLength(200)
  expect(brake.braked).toBeNull()
})
