import { expect, test } from 'vitest'
import { recordAgeMs } from './record-age.ts'

test('only a plausible timestamp gives an age, and it is never negative', () => {
  const nowMs = Date.UTC(2026, 10, 29)
  expect(recordAgeMs(nowMs - 5_000, nowMs)).toBe(5_000)
  expect(recordAgeMs(nowMs + 600_000, nowMs)).toBe(0)
  expect(recordAgeMs(0, nowMs)).toBeNull()
  expect(recordAgeMs(253_402_300_799_999, nowMs)).toBe(0)
})
