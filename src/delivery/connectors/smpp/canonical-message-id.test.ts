import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isClean } from '../../../domain/text/clean-text.ts'
import { canonicalMessageId } from './canonical-message-id.ts'

const number = fc.bigInt({ min: 0n, max: 2n ** 128n })
const padding = fc.integer({ min: 0, max: 6 }).map((zeros) => '0'.repeat(zeros))

test('an answer in hexadecimal and its receipt in decimal are the same id, and the other way round', () => {
  fc.assert(
    fc.property(number, padding, padding, fc.boolean(), (id, pad, otherPad, isUpper) => {
      const hex = pad + (isUpper ? id.toString(16).toUpperCase() : id.toString(16))
      const decimal = otherPad + id.toString()
      expect(canonicalMessageId(hex, 'hex')).toBe(id.toString())
      expect(canonicalMessageId(decimal, 'decimal')).toBe(id.toString())
    }),
  )
})

test('one spelling of an id has one form, and the form is its own', () => {
  const form = fc.constantFrom('text', 'exact', 'hex', 'decimal')
  fc.assert(
    fc.property(fc.string({ maxLength: 64 }), form, (id, as) => {
      const canonical = canonicalMessageId(id, as)
      expect(canonicalMessageId(` ${id}\t`, as)).toBe(canonical)
      if (as === 'text' || as === 'exact') expect(canonicalMessageId(canonical, as)).toBe(canonical)
    }),
  )
})

test('whatever octets an id has, its form can be stored, compared and shown', () => {
  const octets = fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  fc.assert(
    fc.property(octets, fc.constantFrom('text', 'exact', 'hex', 'decimal'), (id, as) => {
      const canonical = canonicalMessageId(id, as)
      expect(isClean(canonical)).toBe(true)
      expect(canonical.length).toBeLessThanOrEqual(310)
    }),
  )
})

test.each([
  ['\u00008E\u001b88B4A\n', '8e88b4a', 'text'],
  ['\u0000\u0001', '', 'exact'],
  ['8E88B4A', '8e88b4a', 'text'],
  ['0406212345', '406212345', 'text'],
  ['0000', '0', 'text'],
  ['12 34 56', '123456', 'text'],
  ['6B8A1F00-5DCC', '6b8a1f00-5dcc', 'text'],
  ['aB0x', 'aB0x', 'exact'],
  ['0x2A', '42', 'hex'],
  ['not-hex', 'not-hex', 'hex'],
  ['00A1', 'a1', 'decimal'],
] as const)('%s is %s as %s', (id, canonical, form) => {
  expect(canonicalMessageId(id, form)).toBe(canonical)
})
