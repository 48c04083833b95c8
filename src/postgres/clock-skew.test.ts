import { expect, test } from 'vitest'
import { createLog } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { ClockSkew, isSkewed } from './clock-skew.ts'
import type { Pool } from './pool.ts'

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
