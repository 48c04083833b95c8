import { expect, test } from 'vitest'
import { deliverySettings } from '../../src/delivery/config.ts'
import { CONNECTORS } from '../../src/delivery/connectors/connectors.ts'
import { Worker } from '../../src/delivery/worker.ts'
import type { DeadLetter } from '../../src/events/dead-letter.ts'
import { GROUPS, TOPICS } from '../../src/events/topics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { fixedOperators, simulatorFor } from '../servers/fixed-operators.ts'
import { readTopic } from '../servers/read-topic.ts'
import { gatewayKafka, roleProcess, startRole } from './role-process.ts'
import { scriptedPool } from './scripted-pool.ts'

test('records that are no tasks are dead letters of the worker, which is ready, and its group is behind them', async () => {
  const { kafka, cluster, send, committed } = await gatewayKafka(3)
  const process = await roleProcess(kafka)
  await startRole(
    new Worker({
      ...process,
      settings: readSettings(deliverySettings, {}),
      pool: scriptedPool({}),
      clock: { nowMs: () => Date.now() },
      producerProfile: 'safe',
      operators: fixedOperators(simulatorFor('98', 100, '127.0.0.1:1')),
      connectors: CONNECTORS,
      host: { simulatorAddress: '', env: {} },
    }),
  )
  await send(TOPICS.delivery, [
    { key: 'a', value: 'no JSON' },
    { key: 'b', value: '{"sms_id":"no number"}' },
  ])
  await eventually(
    'both records are committed',
    () => committed('delivery'),
    (count) => count === 2,
  )
  const letters = (await readTopic(cluster, TOPICS.deadLetters)).map(
    ({ value }) => JSON.parse(value!.toString()) as DeadLetter,
  )
  expect(letters.map(({ reason }) => reason).sort()).toEqual(['not-json', 'schema'])
  expect(letters.map(({ consumer_group }) => consumer_group)).toEqual([GROUPS.delivery, GROUPS.delivery])
  const { checks } = await process.health.report()
  expect(checks).toMatchObject({ worker: 'ok', 'worker-progress': 'ok', 'worker-brake': 'ok' })
})
