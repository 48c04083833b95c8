import { expect, test } from 'vitest'
import { parseSender, recipientAddress } from './sender.ts'

test.each([
  ['ACME', 'alphanumeric', 5, 0, 'ACME'],
  ['H&M Shop 24', 'alphanumeric', 5, 0, 'H&M Shop 24'],
  ['30001234', 'short', 3, 0, '30001234'],
  ['۳۰۰۰', 'short', 3, 0, '3000'],
  ['+98 (912) 123-4567', 'international', 1, 1, '989121234567'],
  ['00989121234567', 'international', 1, 1, '989121234567'],
  ['989121234567', 'international', 1, 1, '989121234567'],
  ['09121234567', 'national', 2, 1, '9121234567'],
  ['٠٩١٢١٢٣٤٥٦٧', 'national', 2, 1, '9121234567'],
  ['+44 (0)20 7946 0000', 'international', 1, 1, '442079460000'],
  ['+98 1000 1234', 'international', 1, 1, '9810001234'],
  ['३०००', 'short', 3, 0, '3000'],
])('%s is %s', (text, kind, ton, npi, address) => {
  expect(parseSender(text)).toEqual({ kind, ton, npi, address })
})

test.each([
  ['', 'nothing'],
  ['TwelveLetter', 'more than 11 characters'],
  ['a@b', '@ is 0 in GSM'],
  ['Café', 'not ASCII'],
  ['éclair', 'not ASCII at its beginning'],
  ['+9891212345678901', 'sixteen digits behind a plus'],
  ['0912123456789012', 'fifteen digits behind a zero'],
  ['...', 'neither alphabetic nor digits'],
  ['+123', 'too short for a number'],
  ['1234567890123456', 'too long for one'],
  ['12+34', 'a plus within'],
  ['30001234.0', 'a number of a spreadsheet'],
  ['+1 (0)212 555 0100', 'a zero that its country does not dial'],
  ['مخابرات', 'another script'],
])('%j is no sender: %s', (text) => {
  expect(parseSender(text)).toBeNull()
})

test('a recipient is international', () => {
  expect(recipientAddress('+989121234567')).toEqual({ ton: 1, npi: 1, address: '989121234567' })
})

test('an international number that would not be read as a recipient is no sender either', () => {
  for (const text of [`+98${' '.repeat(80)}9121234567`, '+98912 (1234567)']) expect(parseSender(text)).toBeNull()
})
