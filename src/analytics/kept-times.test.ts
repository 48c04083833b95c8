import { expect, test } from 'vitest'
import { isKeptTime, KEPT_AHEAD_DAYS, KEPT_DAYS } from './kept-times.ts'

/** ClickHouse refuses a block that would fall into more (max_partitions_per_insert_block). */
const PARTITIONS_MAX = 100

test('what is kept lies in few months, whatever times events have', () => {
  const nowMs = Date.UTC(2026, 10, 29)
  const months = new Set<string>()
  for (let month = 0; month < 3_000; month++) {
    for (const day of [1, 15, 28]) {
      const timeMs = Date.UTC(1900, month, day)
      if (isKeptTime(timeMs, nowMs)) months.add(new Date(timeMs).toISOString().slice(0, 7))
    }
  }
  expect(months.size).toBeGreaterThan(12)
  expect(months.size).toBeLessThan(PARTITIONS_MAX / 2)
  expect(isKeptTime(Number.NaN, nowMs)).toBe(false)
  expect(isKeptTime(nowMs - (KEPT_DAYS + 1) * 86_400_000, nowMs)).toBe(false)
  expect(isKeptTime(nowMs + (KEPT_AHEAD_DAYS + 1) * 86_400_000, nowMs)).toBe(false)
})
