import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createApiKey, parseApiKey } from './api-key.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

test('a key that was issued once stays a key', () => {
  expect(parseApiKey('sg_live_a1B2c3D4_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg_3M3OAU')).toEqual({
    keyId: 'a1B2c3D4',
    secret: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg',
  })
})

test('a key is of the form that scanners look for', () => {
  for (let n = 0; n < 100; n++) {
    const { text, keyId, secret } = createApiKey()
    expect(text).toMatch(/^sg_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    expect(parseApiKey(text)).toEqual({ keyId, secret })
  }
})

test('a key with a character that was mistyped, left out, added or exchanged with the next is none', () => {
  const { text } = createApiKey()
  const places = fc.nat(text.length - 1)
  fc.assert(
    fc.property(
      places,
      fc.constantFrom(...DIGITS),
      fc.constantFrom('mistype', 'omit', 'add', 'swap'),
      (at, digit, how) => {
        const [before, here, behind] = [text.slice(0, at), text[at]!, text.slice(at + 1)]
        const changed = {
          mistype: before + digit + behind,
          omit: before + behind,
          add: before + digit + here + behind,
          swap: before + behind.slice(0, 1) + here + behind.slice(1),
        }[how]
        if (changed !== text) expect(parseApiKey(changed)).toBeNull()
      },
    ),
  )
})

test('each digit of a key is as likely as any other', () => {
  const keys = 2_000
  const counts = new Map<string, number>()
  for (let n = 0; n < keys; n++) {
    const { keyId, secret } = createApiKey()
    for (const digit of keyId + secret) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  }
  expect([...counts.keys()].sort().join('')).toBe(DIGITS)
  const drawn = keys * (8 + 43)
  const expected = drawn / 62
  // Eight times the standard deviation; a byte too many would favour eight of the digits by a quarter.
  const tolerance = 8 * Math.sqrt(expected * (1 - 1 / 62))
  for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(tolerance)
})
