import { afterEach, expect, test, vi } from 'vitest'
import { createLog } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { ClockSkew, isSkewed } from './clock-skew.ts'
import type { Pool } from './pool.ts'

afterEach(() => void vi.restoreAllMocks())

/** A database whose clock is so far ahead. */
function databaseAhead(byMs: () => number): Pool {
  return { query: async () => ({ rows: [{ now_ms: Date.now() + byMs() }] }) } as unknown as Pool
}

test('a clock that is ten minutes off is shown and warned of once, and so is its return', async () => {
  let byMs = 600_000
  const said: string[] = []
  const log = {
    ...createLog('test', 'silent'),
    warn: (_: object, text: string) => said.push(text),
    info: (_: object, text: string) => said.push(text),
  }
  const metrics = new Metrics()
  const clock = new ClockSkew({
    pool: databaseAhead(() => byMs),
    metrics,
    log: log as unknown as ReturnType<typeof createLog>,
  })
  for (let look = 0; look < 3; look++) expect((await clock.sample()).skewMs).toBeCloseTo(600_000, -3)
  expect(said).toEqual(['clock differs from PostgreSQL by more than a second'])
  const shown = await metrics.registry.getSingleMetricAsString('smsgw_clock_skew_seconds')
  expect(Number(/^smsgw_clock_skew_seconds (.*)$/m.exec(shown)![1])).toBeCloseTo(600, 0)
  byMs = 0
  await clock.sample()
  expect(said.at(-1)).toBe('clock agrees with PostgreSQL again')
})

test('a slow answer alone proves nothing', () => {
  expect(isSkewed({ skewMs: 1_500, errorMs: 800 })).toBe(false)
  expect(isSkewed({ skewMs: -1_900, errorMs: 800 })).toBe(true)
})

test("PostgreSQL's time goes on whatever the own clock shows, and a database with another clock is believed", async () => {
  const trueMs = Date.now
  let databaseAheadMs = 0
  const query = async () => ({ rows: [{ now_ms: trueMs() + databaseAheadMs }] })
  const clock = new ClockSkew({
    pool: { query } as unknown as Pool,
    metrics: new Metrics(),
    log: createLog('test', 'silent'),
  })
  for (const offMs of [600_000, -600_000]) {
    vi.spyOn(Date, 'now').mockImplementation(() => trueMs() + offMs)
    await clock.sample()
    expect(Math.abs(clock.nowMs() - trueMs())).toBeLessThan(60_000)
    vi.restoreAllMocks()
    // The own clock stepped by ten minutes since the reading.
    expect(Math.abs(clock.nowMs() - trueMs())).toBeLessThan(60_000)
  }
  databaseAheadMs = 600_000
  await clock.sample()
  expect(Math.abs(clock.nowMs() - trueMs() - databaseAheadMs)).toBeLessThan(60_000)
})
