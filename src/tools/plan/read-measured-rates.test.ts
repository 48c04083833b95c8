import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ASSUMED_RATES } from './plan-rates.ts'
import { BENCH_RESULTS, measuredRates, readMeasuredRates } from './read-measured-rates.ts'

const machine = { cpu: 'AMD EPYC', cores: 2 }
const at = '2026-11-24T09:00:00.000Z'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-results-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function pipeline(offeredPerSecond: number, held: boolean, front: number) {
  const points = [{ offeredPerSecond, held, cpuMsPerMessage: { front } }]
  return { name: `pipeline-${offeredPerSecond}`, document: { machine, result: { points } } }
}

test('a measured rate says where and when', () => {
  const document = {
    at,
    machine,
    options: { partitions: 30 },
    result: { points: [{ oursPerSecond: { median: 90_000 } }] },
  }
  expect(measuredRates([{ name: 'producer', document }])).toEqual({
    producePartition: {
      perSecond: 3_000,
      source: 'measured',
      basis: 'bench producer, 2026-11-24, 2 × AMD EPYC: a client, ÷ 30',
    },
  })
})

test('of pipelines, the fastest that held its load counts', () => {
  const { worker } = measuredRates([
    pipeline(1_000, true, 0.5),
    pipeline(2_000, true, 0.25),
    pipeline(4_000, false, 0.1),
  ])
  expect(worker).toMatchObject({ perSecond: 4_000, basis: expect.stringMatching(/^bench pipeline-2000, undated/) })
})

test('what one process made of a backlog counts for more than its processor time, if it came to the end', () => {
  const parts = [
    { name: 'outbox', finished: true, perSecond: 3_456.7 },
    { name: 'tasks', finished: false, perSecond: 9_999 },
  ]
  const rates = measuredRates([pipeline(1_000, true, 0.5), { name: 'backlog', document: { result: { parts } } }])
  expect([rates.relay?.perSecond, rates.worker?.perSecond]).toEqual([3_457, 2_000])
})

test('results of another form, or none at all, leave what is assumed', () => {
  const odd = [
    null,
    7,
    'x',
    [],
    {},
    { result: null },
    { options: { partitions: 0 }, result: { oursPerSecond: 'many' } },
    { result: { points: [null, { held: true }] } },
  ]
  for (const name of ['producer', 'consumer', 'accept', 'backlog', 'pipeline-1']) {
    for (const document of odd) expect(measuredRates([{ name, document }])).toEqual({})
  }
  writeFileSync(join(folder, 'producer.json'), '{"name": "producer", ')
  expect(readMeasuredRates(folder)).toEqual(ASSUMED_RATES)
  expect(readMeasuredRates(join(folder, 'none'))).toEqual(ASSUMED_RATES)
})

test('files are read by their names', () => {
  writeFileSync(join(folder, 'accept.json'), JSON.stringify({ at, machine, result: { highestHeldPerSecond: 4_200 } }))
  expect(readMeasuredRates(folder)).toMatchObject({
    api: { perSecond: 4_200, source: 'measured' },
    worker: ASSUMED_RATES.worker,
  })
})

test('the results that the project keeps have the form that is read', () => {
  const rates = Object.entries(readMeasuredRates(BENCH_RESULTS))
  expect(rates.filter(([, { source }]) => source === 'assumed').map(([name]) => name)).toEqual([
    'analytics',
    'webhooks',
    'postgresPrimary',
    'clickhouseServer',
    'smscBind',
  ])
})
