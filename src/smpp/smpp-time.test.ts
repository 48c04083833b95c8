import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAbsoluteTime, formatRelativeTime } from './smpp-time.ts'

test('a moment says itself, in UTC, to the tenth of a second', () => {
  const moments = fc.date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2099-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(moments, (at) => {
      const text = formatAbsoluteTime(at)
      expect(text).toMatch(/^\d{13}00\+$/)
      const [years, month, ...rest] = text.slice(0, 12).match(/../g)!.map(Number)
      const second = Date.UTC(2_000 + years!, month! - 1, ...rest)
      expect(second + Number(text[12]) * 100).toBe(Math.floor(at.getTime() / 100) * 100)
    }),
  )
})

test('a duration is days, hours, minutes and seconds, rounded up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 31 * 86_400_000 }), (durationMs) => {
      const units = /^0000(\d\d)(\d\d)(\d\d)(\d\d)000R$/.exec(formatRelativeTime(durationMs))!.slice(1).map(Number)
      const [days, hours, minutes, seconds] = units
      expect(hours! < 24 && minutes! < 60 && seconds! < 60).toBe(true)
      const written = days! * 86_400 + hours! * 3_600 + minutes! * 60 + seconds!
      expect(written).toBe(Math.max(1, Math.ceil(durationMs / 1_000)))
    }),
  )
})

test('times as the specification writes them', () => {
  expect(formatAbsoluteTime(new Date('2026-11-24T12:00:00.500Z'))).toBe('261124120000500+')
  expect(formatRelativeTime(90 * 60_000)).toBe('000000013000000R')
  expect(formatRelativeTime(2 * 86_400_000)).toBe('000002000000000R')
})

test('what cannot be written is refused', () => {
  expect(() => formatRelativeTime(31 * 86_400_000 + 1)).toThrow(RangeError)
  expect(() => formatRelativeTime(Number.NaN)).toThrow(RangeError)
  expect(() => formatAbsoluteTime(new Date('1999-12-31T23:59:59Z'))).toThrow(RangeError)
  expect(() => formatAbsoluteTime(new Date(Number.NaN))).toThrow(RangeError)
})
