import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparableDigits, isSameNumber } from './same-number.ts'

test.each([
  ['989121234567', '989121234567'],
  ['+98 912 123-4567', '989121234567'],
  ['00989121234567', '989121234567'],
  ['09121234567', '9121234567'],
  ['10008', null],
  ['Acme', null],
  ['98912***4567', null],
  ['', null],
  ['9'.repeat(21), null],
  ['9'.repeat(20), '9'.repeat(20)],
  ['9123456', '9123456'],
  ['912345', null],
])('%s compares by %s', (address, digits) => {
  expect(comparableDigits(address)).toBe(digits)
})

test.each([
  ['+989121234567', '989121234567', true],
  ['+989121234567', '9121234567', true],
  ['+989121234567', '19989121234567', true],
  // Mexico with and without the digit that mobiles had.
  ['+5215512345678', '525512345678', true],
  ['+6591234567', '91234567', true],
  // A carrier's prefix before a number of fewer than nine digits.
  ['+29055123', '2029055123', true],
  ['+29055123', '2905512320', false],
  ['+989000000001', '989000000002', false],
  ['+989121234567', '989021234567', false],
])('%s and %s', (phone, digits, isSame) => {
  expect(isSameNumber(phone, digits)).toBe(isSame)
})

test('a phone is the same number in each of its spellings', () => {
  const phone = fc.stringMatching(/^[1-9][0-9]{9,14}$/)
  fc.assert(
    fc.property(phone, fc.constantFrom('', '+', '00'), (digits, prefix) => {
      expect(isSameNumber(`+${digits}`, comparableDigits(`${prefix}${digits}`)!)).toBe(true)
    }),
  )
})
