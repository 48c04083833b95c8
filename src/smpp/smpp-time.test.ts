import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAbsoluteTime, formatRelativeTime, parseSmppTime } from './smpp-time.ts'

const now = new Date('2026-11-24T12:00:00.000Z')

test('a moment is read as it was written, to the tenth of a second', () => {
  const moments = fc.date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2099-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(moments, (at) => {
      const tenths = new Date(Math.floor(at.getTime() / 100) * 100)
      expect(parseSmppTime(formatAbsoluteTime(at), now)).toEqual(tenths)
    }),
  )
})

test('a duration is read from now, rounded up to the second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 31 * 86_400_000 }), (durationMs) => {
      const until = parseSmppTime(formatRelativeTime(durationMs), now)
      expect(until?.getTime()).toBe(now.getTime() + Math.max(1, Math.ceil(durationMs / 1_000)) * 1_000)
    }),
  )
})

test.for([
  ['261124120000000+', '2026-11-24T12:00:00.000Z'],
  ['261124170000020+', '2026-11-24T12:00:00.000Z'],
  ['261124070000520-', '2026-11-24T12:00:00.500Z'],
  ['000002000000000R', '2026-11-26T12:00:00.000Z'],
  ['000000013000000R', '2026-11-24T13:30:00.000Z'],
  ['010200000000000R', '2028-01-24T12:00:00.000Z'],
])('%s is %s', ([text, expected]) => {
  expect(parseSmppTime(text!, now)?.toISOString()).toBe(expected)
})

test.for([
  '',
  '2611241200000',
  '261124120000000',
  '261124120000000Z',
  '261324120000000+',
  '260230120000000+',
  '261124240000000+',
  '261124126000000+',
  '261124120000049+',
  '261124120000000+0',
])('%j is no time', (text) => {
  expect(parseSmppTime(text, now)).toBeNull()
})

test('what cannot be written is refused', () => {
  expect(() => formatRelativeTime(31 * 86_400_000 + 1)).toThrow(RangeError)
  expect(() => formatRelativeTime(Number.NaN)).toThrow(RangeError)
  expect(() => formatAbsoluteTime(new Date('1999-12-31T23:59:59Z'))).toThrow(RangeError)
  expect(() => formatAbsoluteTime(new Date(Number.NaN))).toThrow(RangeError)
})
