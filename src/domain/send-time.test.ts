import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSendTime } from './send-time.ts'

const NOW = Date.UTC(2026, 10, 24, 6)
const DAY_MS = 86_400_000

test.each([
  ['2026-11-24T09:31+03:30', NOW + 60_000],
  ['2026-11-24T06:01:00Z', NOW + 60_000],
  ['2026-11-23T23:00:00.5-07:30', NOW + 1_800_500],
  ['2026-12-24T06:00:00Z', NOW + 30 * DAY_MS],
])('%s is a time to send', (text, ms) => {
  expect(readSendTime(text, NOW, 30)).toEqual({ ms })
})

test.each([
  ['2026-11-24T06:00:00Z', /past/],
  ['2020-01-01T00:00:00Z', /past/],
  ['2026-12-24T06:00:00.001Z', /more than 30 days/],
  ['2026-11-25T06:00:00', /offset/],
  ['2026-11-25', /offset/],
  ['2026-11-31T06:00:00Z', /ISO 8601/],
  ['2027-02-29T06:00:00Z', /ISO 8601/],
  ['2026-13-01T06:00:00Z', /ISO 8601/],
  ['2026-00-01T06:00:00Z', /ISO 8601/],
  ['2026-12-00T06:00:00Z', /ISO 8601/],
  ['2026-12-99T06:00:00Z', /ISO 8601/],
  ['2026-11-25T24:00:00Z', /ISO 8601/],
  ['2026-11-25T06:60:00Z', /ISO 8601/],
  ['2026-11-25T06:00:00+3:30', /ISO 8601/],
  ['2026-11-25T06:00:00.1234567890Z', /ISO 8601/],
  [' 2026-11-25T06:00:00Z', /ISO 8601/],
  ['2026-11-25T06:00:00Z ', /ISO 8601/],
  ['2026-11-25T25:00:00Z', /ISO 8601/],
  ['2026-11-25T06:00:60Z', /ISO 8601/],
  ['2026-11-25T06:00:00+24:00', /ISO 8601/],
  ['1764057600000', /ISO 8601/],
  ['tomorrow', /ISO 8601/],
  ['', /ISO 8601/],
])('%s is none', (text, fault) => {
  expect(readSendTime(text, NOW, 30)).toEqual({ fault: expect.stringMatching(fault) })
})

test('the offset is what counts: every spelling of a moment is the same moment', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 * DAY_MS }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (aheadMs, offset) => {
        const local = new Date(NOW + aheadMs + offset * 60_000).toISOString().slice(0, -1)
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
        const sign = offset < 0 ? '-' : '+'
        const text = `${local}${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
        expect(readSendTime(text, NOW, 30)).toEqual({ ms: NOW + aheadMs })
      },
    ),
  )
})
