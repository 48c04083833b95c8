import { expect, onTestFinished, test } from 'vitest'
import { TOPICS } from '../../src/events/topics.ts'
import { PRODUCE_API_KEY } from '../../src/kafka/wire/produce-v9.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { webhookSettings } from '../../src/webhooks/config.ts'
import { createSecret } from '../../src/webhooks/sign.ts'
import { WebhookDispatcher } from '../../src/webhooks/webhook-dispatcher.ts'
import { eventually } from '../gateway/eventually.ts'
import { startReceiver } from '../gateway/peers/hostile-receivers.ts'
import type { MemoryKafka } from '../kafka-in-memory/memory-kafka.ts'
import { readTopic } from '../servers/read-topic.ts'
import { record } from '../servers/webhook-dispatcher.ts'
import { gatewayKafka, roleProcess, startRole } from './role-process.ts'
import { type ScriptedAnswer, scriptedPool } from './scripted-pool.ts'

const settings = readSettings(webhookSettings, { WEBHOOK_ALLOW_PRIVATE: 'yes', WEBHOOK_TIMEOUT_MS: '1500' })

/** The customer `c` has one endpoint, for all events. */
function endpointAt(url: string): ScriptedAnswer {
  const secret = createSecret()
  const endpoint = { endpoint_id: 'we_1', customer_id: 'c', url, credentials: null, secret, statuses: ['delivered'] }
  const state = { disabled_at: null, disabled_reason: null, failing_since: null, backlog_full: false }
  return () => [{ ...endpoint, ...state, xmin_now: '1', now_ms: Date.now() }]
}

async function receiver(...answer: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...answer)
  onTestFinished(started.stop)
  return started
}

async function startDispatcher(kafka: MemoryKafka, answers: Readonly<Record<string, ScriptedAnswer>>) {
  const process = await roleProcess(kafka)
  const dispatcher = await startRole(new WebhookDispatcher({ ...process, settings, pool: scriptedPool(answers) }))
  return { ...process, dispatcher }
}

/** Status events of new messages, all under one key, as the worker publishes them. */
function events(count: number, key = 'k') {
  return Array.from({ length: count }, () => ({ key, value: record().value }))
}

test('a dead letter that Kafka does not take yet: its record stays, its key waits, others go on; then all is committed', async () => {
  const { kafka, cluster, send, committed } = await gatewayKafka()
  const { url, received } = await receiver()
  const { cluster: own } = await startDispatcher(kafka, { 'webhooks-changed': endpointAt(url) })
  let refusals = 0
  own.fateOf = (apiKey) => {
    if (apiKey !== PRODUCE_API_KEY) return 'answered'
    refusals++
    return 'request lost'
  }
  await send(TOPICS.status, [{ key: 'k', value: '{"sms_id":"x"}' }, ...events(1), ...events(3, 'other')])
  await eventually(
    'the events of the other key are posted, and the dead letter was tried',
    () => [received.length, refusals],
    ([posts, tries]) => posts === 3 && tries! > 1,
  )
  expect(await committed('webhooks')).toBe(0)
  // It is written, and the broker's answer is lost: it is sent again, and not written again.
  const fates = ['answer lost'] as const
  let produced = 0
  own.fateOf = (apiKey) => (apiKey === PRODUCE_API_KEY ? (fates[produced++] ?? 'answered') : 'answered')
  await eventually(
    'all 5 records are committed',
    () => committed('webhooks'),
    (count) => count === 5,
  )
  expect(received).toHaveLength(4)
  const letters = await readTopic(cluster, TOPICS.deadLetters)
  const reasons = letters.map(({ value }) => (JSON.parse(value!.toString()) as { reason: string }).reason)
  expect(reasons).toEqual(['schema'])
})

test('a process that dies with a post under way: the next one posts the event again, under the same id', async () => {
  const { kafka, send, committed } = await gatewayKafka()
  // The first post is never answered.
  const { url, received } = await receiver((all, response) => {
    if (all.length > 1) response.writeHead(204).end()
  })
  const answers = { 'webhooks-changed': endpointAt(url) }
  const first = await startDispatcher(kafka, answers)
  await send(TOPICS.status, events(1))
  await eventually(
    'the event is posted',
    () => received.length,
    (posts) => posts === 1,
  )
  await first.cluster.close()
  await startDispatcher(kafka, answers)
  await eventually(
    'the record is committed',
    () => committed('webhooks'),
    (count) => count === 1,
  )
  expect(received.map(({ id }) => id)).toEqual([received[0]!.id, received[0]!.id])
})

test('a database that is unavailable: nothing is posted or committed, and everything is when it is back', async () => {
  const { kafka, send, committed } = await gatewayKafka(3)
  const { url, received } = await receiver()
  const endpoint = endpointAt(url)
  let looks = 0
  let isUnavailable = true
  await startDispatcher(kafka, {
    'webhooks-changed': (values) => {
      looks++
      if (isUnavailable) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      return endpoint(values)
    },
  })
  await send(
    TOPICS.status,
    ['a', 'b', 'c', 'd'].flatMap((key) => events(5, key)),
  )
  await eventually(
    'the database was asked several times',
    () => looks,
    (count) => count >= 3,
  )
  expect(received).toHaveLength(0)
  expect(await committed('webhooks')).toBe(0)
  isUnavailable = false
  await eventually(
    'all 20 records are committed',
    () => committed('webhooks'),
    (count) => count === 20,
  )
  expect(new Set(received.map(({ id }) => id)).size).toBe(20)
  expect(received).toHaveLength(20)
})
