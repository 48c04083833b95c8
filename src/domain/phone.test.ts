import fc from 'fast-check'
import { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { expect, test } from 'vitest'
import { numberingPlanAt } from './numbering-plans.ts'
import { readPhone, toE164 } from './phone.ts'

const EXAMPLES = getCountries().flatMap((country) => getExampleNumber(country, examples)?.number ?? [])

test.each([
  ['+989121234567', '+989121234567'],
  ['00989121234567', '+989121234567'],
  ['+98 (912) 123-4567', '+989121234567'],
  ['(+98) 912 123 4567', '+989121234567'],
  ['+98.912.123.45.60', '+989121234560'],
  ['+98 912 123–4567 ', '+989121234567'],
  ['۰۰۹۸۹۱۲۱۲۳۴۵۶۷', '+989121234567'],
  ['+٩٨٩١٢١٢٣٤٥٦٧', '+989121234567'],
  ['＋９８９１２１２３４５６７', '+989121234567'],
  ['+९८९१२१२३४५६७', '+989121234567'],
  ['\u202a+98\u00a0912 123 4567\u202c\n', '+989121234567'],
  ['\ufeff+98\u200b9121234567', '+989121234567'],
  // The zero that is dialled at home alone.
  ['+44 (0)7123 456 789', '+447123456789'],
  ['+4407123456789', '+447123456789'],
  ['+98 0912 123 4567', '+989121234567'],
  ['0098 (0) 912 123 4567', '+989121234567'],
  ['+49 0170 1234567', '+491701234567'],
  // A zero that belongs to the number.
  ['+39 06 1234 5678', '+390612345678'],
  ['+242061234567', '+242061234567'],
  ['+2250123456789', '+2250123456789'],
  ['+24106031234', '+24106031234'],
  // A dot before a zero that is not a decimal: there are others.
  ['+98.0912.123.4567', '+989121234567'],
  // The most digits that E.164 has.
  ['+491234567890123', '+491234567890123'],
])('%j is the number %s', (text, number) => {
  expect(readPhone(text)).toEqual({ phone: number })
  expect(toE164(text)).toBe(number)
})

test.each([
  ['', /^does not begin with \+ or 00/, null],
  ['09121234567', /^does not begin with \+ or 00/, null],
  ['989121234567', /^does not begin with \+ or 00/, null],
  ['+0989121234567', /^does not begin with the calling code/, null],
  ['+9991234567', /^does not begin with the calling code/, null],
  ['+98912', /^has 3 digits after the calling code 98, where 10 belong/, null],
  ['+98912123456', /^has 9 digits/, null],
  ['+9891212345678', /^has 11 digits/, null],
  ['+9891212345678901', /digits/, null],
  ['+98 0098 912', /^has a 0 after the calling code 98/, null],
  ['+1 (0)212 555 0100', /^has a 0 after the calling code 1/, null],
  ['+7 8 916 123 45 67', /^has 11 digits/, null],
  ['hello', /^has "h" \(U\+0068\) at 0/, 0],
  ['+989121234567.0', /^has decimals at 13/, 13],
  ['+989121234567.\u200e00', /^has decimals at 13/, 13],
  ['+491701234567.5', /^has decimals at 13/, 13],
  ['+49.1701234567.0', /^has decimals at 14/, 14],
  ['9.89E+11', /^has "E" \(U\+0045\) at 4/, 4],
  ['+98912 1234567 x12', /^has "x" \(U\+0078\) at 15/, 15],
  ['+989121234567;ext=12', /^has ";" \(U\+003B\) at 13/, 13],
  ['tel:+989121234567', /^has "t"/, 0],
  ['+98912,1234567', /^has ","/, 6],
  ['+989121234567/8', /^has "\/"/, 13],
  ['+989121234567\n+989121234568', /at 13$/, 13],
  ['+49 170 1234567 (12)', /^ends in brackets at 16/, 16],
  ['+49 170 1234567  (12)', /^ends in brackets at 17/, 17],
  ['+49 170 1234567(12)', /^ends in brackets at 15/, 15],
  ['+989121234567.55', /^has decimals at 13/, 13],
  ['+989121234567.0000', /^has decimals at 13/, 13],
  ['+4912345678901234', /digits after the calling code 49/, null],
  ['98+9121234567', /^has "\+" .*at 2/, 2],
  ['++989121234567', /^has "\+"/, 1],
  ['+98912123456\u0000', /^has \(U\+0000\) at 12/, 12],
  ['+98912123456²', /^has "²"/, 12],
  [`+98${' '.repeat(80)}9121234567`, /^has more than 64 characters/, 64],
])('%j is refused', (text, fault, index) => {
  expect(readPhone(text)).toEqual({ fault: expect.stringMatching(fault), index })
  expect(toE164(text)).toBeNull()
})

test('every example number of every country stays as it is, also with spaces, dashes and brackets', () => {
  expect(EXAMPLES.length).toBeGreaterThan(200)
  for (const number of EXAMPLES) {
    expect(readPhone(number)).toEqual({ phone: number })
    expect(readPhone(`00${number.slice(1, 5)} (${number.slice(5, 7)})-${number.slice(7)}`)).toEqual({ phone: number })
  }
})

test('whatever is accepted has the digits that were written, but for one zero behind the calling code', () => {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }).map(String) },
    { weight: 2, arbitrary: fc.constantFrom(' ', '-', '.', '(', ')', '(0)', '0', '\u200e', '۵', '５') },
    { weight: 1, arbitrary: fc.constantFrom('x', '/', ',', ';', 'E', '+', '\n', '\u0000', '²') },
  )
  const begin = fc.constantFrom('+98', '+44', '+49', '+39', '+1', '+7', '00', '+', '+98 912', '+44 (0)7', '+242 0', '')
  const seen = { accepted: 0, zeroLess: 0 }
  const text = fc.tuple(begin, fc.array(piece, { minLength: 6, maxLength: 14 })).map(([a, b]) => a + b.join(''))
  fc.assert(
    fc.property(text, (written) => {
      const read = readPhone(written)
      if ('fault' in read) return
      seen.accepted++
      const digits = written
        .replace('۵', '5')
        .replace(/۵/g, '5')
        .replace(/５/g, '5')
        .replace(/[^0-9]/g, '')
      // No calling code begins with 0: where no plus is, two of them are those that are dialled before it, also in `0(0)52…`.
      const plain = !written.includes('+') && digits.startsWith('00') ? digits.slice(2) : digits
      const number = read.phone.slice(1)
      expect(written.trim()).toMatch(/^[^x/,;E\p{Cc}²]*$/u)
      if (number === plain) return
      seen.zeroLess++
      const place = [1, 2, 3].find((length) => `${number.slice(0, length)}0${number.slice(length)}` === plain)
      expect(place, `${written} → ${read.phone}`).toBeDefined()
    }),
    { numRuns: 20_000 },
  )
  expect(seen.accepted).toBeGreaterThan(500)
  expect(seen.zeroLess).toBeGreaterThan(20)
})

test('a number that was read is read the same again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...EXAMPLES), (number) => {
      expect(toE164(toE164(number)!)).toBe(number)
    }),
  )
})

/** Digits behind a calling code, often of a length that its country uses and often of a neighbouring one. */
const nearlyNumbers = fc
  .tuple(fc.constantFrom(...EXAMPLES), fc.integer({ min: -3, max: 3 }), fc.nat({ max: 9 }), fc.nat({ max: 12 }))
  .map(([number, more, digit, place]) => {
    const long = (number + String(digit).repeat(3)).slice(0, number.length + more)
    return long.slice(0, place + 1) + digit + long.slice(place + 2)
  })

test('a number in plain E.164 is judged as the same digits with a space before them', () => {
  const seen = { taken: 0, refused: 0 }
  fc.assert(
    fc.property(nearlyNumbers, (text) => {
      const read = readPhone(text)
      expect(read).toEqual(readPhone(` ${text}`))
      expect(toE164(text)).toBe('phone' in read ? read.phone : null)
      seen['phone' in read ? 'taken' : 'refused']++
    }),
    { numRuns: 5_000 },
  )
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100)
})

test('a wrong length names every length that the country uses', () => {
  const plan = numberingPlanAt('98', 0)!
  const several = numberingPlanAt('49', 0)!
  expect([plan.lengths.length, several.lengths.length > 2]).toEqual([1, true])
  expect(readPhone('+9891')).toMatchObject({ fault: 'has 2 digits after the calling code 98, where 10 belong' })
  const names = several.lengths.map(String)
  const listed = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
  expect(readPhone('+4917')).toMatchObject({ fault: `has 2 digits after the calling code 49, where ${listed} belong` })
})

test('a text of 64 characters is read', () => {
  expect(readPhone(`+98${' '.repeat(51)}9121234567`)).toEqual({ phone: '+989121234567' })
})

test('a zero that belongs to the numbers of one country is kept, also where another shares its calling code', () => {
  // Italy has twelve digits behind 0, the Vatican has not.
  expect(readPhone('+39054651865939')).toEqual({ phone: '+39054651865939' })
  expect(readPhone('+39 (0)546 51865939')).toEqual({ phone: '+39054651865939' })
})
