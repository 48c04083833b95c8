import { expect, test } from 'vitest'
import { readConsumed, readProduced } from './java-tools.ts'

test('reads the figures of ProducerPerformance without its warm-up', () => {
  const figures = (rate: string, p50: number): string =>
    `${rate} records/sec (60.50 MB/sec), 12.34 ms avg latency, 250.00 ms max latency, ${p50} ms 50th, 60 ms 95th, 75 ms 99th, 80 ms 99.9th.`
  const output = `250000 records sent, ${figures('190000.000000', 90)}\n200000 steady state records sent, ${figures('202429.149798', 40)}\n`
  expect(readProduced(output)).toEqual({
    recordsPerSecond: 202_429.149798,
    latencyMs: { p50: 40, p95: 60, p99: 75, p999: 80 },
  })
  expect(() => readProduced('Exception in thread "main"')).toThrow('Exception in thread')
})

test('reads the figures of ConsumerPerformance from when it had joined', () => {
  const line =
    '2026-11-24 09:09:00:100, 2026-11-24 09:09:01:100, 92.9832, 92.9832, 300001, 300001.0, 420, 580, 160.3158, 517243.1'
  expect(readConsumed(`WARNING: something\n${line}\n`, 300_000)).toEqual({ recordsPerSecond: 517_243.1, joinMs: 420 })
  expect(() => readConsumed(line, 400_000)).toThrow('did not read 400000')
})
