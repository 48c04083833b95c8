import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createApiKey, hashSecret, parseApiKey, secretMatches } from './api-key.ts'
import { eventId } from './event-id.ts'
import { firstSmsIdAt, SmsIds, smsIdTimeMs } from './sms-id.ts'
import { segment } from './text/segments.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

test.each([
  ['', 'gsm7', 0],
  ['a'.repeat(160), 'gsm7', 1],
  ['a'.repeat(161), 'gsm7', 2],
  ['a'.repeat(306), 'gsm7', 2],
  ['a'.repeat(307), 'gsm7', 3],
  ['€'.repeat(80), 'gsm7', 1],
  ['€'.repeat(81), 'gsm7', 2],
  // An escape and its character stay together: 152 and one of two septets do not fill a part of 153.
  [`${'a'.repeat(152)}€${'a'.repeat(152)}`, 'gsm7', 3],
  ['س'.repeat(70), 'ucs2', 1],
  ['س'.repeat(71), 'ucs2', 2],
  ['س'.repeat(134), 'ucs2', 2],
  ['😀'.repeat(35), 'ucs2', 1],
  ['😀'.repeat(36), 'ucs2', 2],
  ['😀'.repeat(67), 'ucs2', 3],
])('%# a text falls into its segments', (text, encoding, segments) => {
  expect(segment(text)).toMatchObject({ encoding, segments })
})

test('a longer text never takes fewer segments of one encoding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, more) => {
      const [short, long] = [segment(text), segment(text + more)]
      if (short.encoding === long.encoding) expect(long.segments).toBeGreaterThanOrEqual(short.segments)
    }),
  )
})

test('ids rise and are distinct, also when the clock steps back or a millisecond overflows', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 3 }), { maxLength: 400 }), (steps) => {
      const ids = new SmsIds(7)
      let now = NOW
      let before = 0
      for (const step of steps) {
        now += step
        const id = ids.next(now)
        expect(id).toBeGreaterThan(before)
        expect(Number.isSafeInteger(id)).toBe(true)
        before = id
      }
    }),
  )
  expect(smsIdTimeMs(new SmsIds(63).next(NOW))).toBe(NOW)
  expect(firstSmsIdAt(NOW)).toBeLessThanOrEqual(new SmsIds(0).next(NOW))
})

test('the same event has the same id, in the form of a ULID, and others have others', () => {
  const smsId = new SmsIds(3).next(NOW)
  const ids = [
    eventId(smsId, 'sent', 1),
    eventId(smsId, 'sent', 2),
    eventId(smsId, 'sending', 1),
    eventId(smsId + 1, 'sent', 1),
  ]
  expect(new Set(ids).size).toBe(4)
  expect(eventId(smsId, 'sent', 1)).toBe(ids[0])
  for (const id of ids) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
})

test('an API key is known by its checksum, and proven by its secret', () => {
  const { text, keyId, secret } = createApiKey()
  expect(parseApiKey(text)).toEqual({ keyId, secret })
  const wrong = text.at(-1) === 'A' ? 'B' : 'A'
  expect(parseApiKey(text.slice(0, -1) + wrong)).toBeNull()
  expect(secretMatches(secret, hashSecret(secret))).toBe(true)
  expect(secretMatches(createApiKey().secret, hashSecret(secret))).toBe(false)
})
