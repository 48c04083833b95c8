import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { observeProducer } from './observe-kafka.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function logInto(lines: Record<string, unknown>[]) {
  const write = (line: Buffer, _encoding: string, done: () => void): void => {
    lines.push(JSON.parse(line.toString()))
    done()
  }
  return createLog('test', 'info', new Writable({ write }))
}

test('a working producer is reported every ten seconds and when it closes, an idle one not at all', async () => {
  const lines: Record<string, unknown>[] = []
  const metrics = new Metrics()
  const observer = observeProducer(logInto(lines), metrics, 'main')
  vi.advanceTimersByTime(20_000)
  expect(lines).toEqual([])

  for (let roundTripMs = 1; roundTripMs <= 100; roundTripMs++) {
    observer.acknowledged!({ records: 20, bytes: 1_000, queueMs: 5, roundTripMs, attempts: 1 })
  }
  vi.advanceTimersByTime(10_000)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({
    producer: 'main',
    seconds: 10,
    records: 2_000,
    recordsPerSecond: 200,
    bytes: 100_000,
    batches: 100,
    recordsPerBatch: 20,
    bytesPerBatch: 1_000,
    queueMs: { p50: 5, p99: 5, max: 5 },
    roundTripMs: { p50: 50, p99: 99, max: 100 },
    retries: 0,
    failedRecords: 0,
  })
  expect(await metrics.registry.getSingleMetricAsString('smsgw_producer_batches_total')).toContain(' 100')

  vi.advanceTimersByTime(30_000)
  expect(lines).toHaveLength(1)
  observer.retried!(new Error('slow'), 't', 0)
  observer.failed!(new Error('late'), 7, 't', 0)
  observer.closed!()
  expect(lines.at(-1)).toMatchObject({ records: 0, retries: 1, failedRecords: 7, roundTripMs: { max: 0 } })
  expect(vi.getTimerCount()).toBe(0)
})
