import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ASSUMED_RATES } from './plan-rates.ts'
import { measuredRates, readMeasuredRates } from './read-measured-rates.ts'

const machine = { cpu: 'AMD EPYC', cores: 2 }
const at = '2026-11-24T09:00:00.000Z'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-results-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function pipeline(offeredPerSecond: number, accepted: number, front: number) {
  const result = { offeredPerSecond, seconds: 10, accepted, cpuMsPerMessage: { front } }
  return { name: `pipeline-${offeredPerSecond}`, document: { machine, result } }
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

test('of pipelines, the fastest that kept up with its load counts', () => {
  const { worker } = measuredRates([
    pipeline(1_000, 10_000, 0.5),
    pipeline(2_000, 20_000, 0.25),
    pipeline(4_000, 31_000, 0.1),
  ])
  expect(worker).toMatchObject({ perSecond: 4_000, basis: expect.stringMatching(/^bench pipeline-2000, undated/) })
})

test('what one process made of a backlog counts for more than its processor time, if it came to the end', () => {
  const parts = [
    { name: 'outbox', finished: true, perSecond: 3_456.7 },
    { name: 'tasks', finished: false, perSecond: 9_999 },
  ]
  const rates = measuredRates([pipeline(1_000, 10_000, 0.5), { name: 'backlog', document: { result: { parts } } }])
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
