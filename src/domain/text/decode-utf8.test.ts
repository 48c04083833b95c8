import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeUtf8, Utf8Error } from './decode-utf8.ts'

test('text that was written as UTF-8 is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeUtf8(Buffer.from(text, 'utf8'))).toBe(text)
    }),
  )
})

test('bytes that are not UTF-8 are refused with their place, never replaced', () => {
  const cases: [string, number][] = [
    ['636166e9', 3],
    ['e9', 0],
    ['c3a9c3', 2],
    ['eda080', 0],
    ['efbfbdff', 3],
  ]
  for (const [hex, offset] of cases) {
    const fault = { name: 'Utf8Error', message: `not UTF-8 at byte ${offset}`, offset }
    expect(() => decodeUtf8(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining(fault))
    expect(() => decodeUtf8(Buffer.from(hex, 'hex'))).toThrow(Utf8Error)
  }
})
