import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asciiDigits, digitValue } from './digits.ts'

/** The digits 0 to 9 of a numbering system, as the formatter of the runtime writes them. */
const digitsOf = (system: string): string[] => {
  const format = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false })
  return Array.from({ length: 10 }, (_, digit) => format.format(digit))
}
/**
 * Those whose characters Unicode counts as decimal digits: the formatter also has Chinese ones, which Unicode does not
 * count.
 */
const SYSTEMS = Intl.supportedValuesOf('numberingSystem').filter((system) =>
  /^\p{Nd}+$/u.test(digitsOf(system).join('')),
)

test('the digits of every script have the values that the formatter of the runtime writes by them', () => {
  expect(SYSTEMS.length).toBeGreaterThan(40)
  for (const system of SYSTEMS) {
    expect(digitsOf(system).map(digitValue), system).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  }
})

test('numbers between other words are written in ASCII, and the words stay', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(...SYSTEMS),
      fc.string({ unit: fc.constantFrom('a', 'س', '+', '½', '²') }),
      (n, system, words) => {
        const format = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false })
        expect(asciiDigits(words + format.format(n) + words)).toBe(`${words}${n}${words}`)
      },
    ),
  )
})

test.each(['a', '/', ':', ' ', '½', '²', '①', 'Ⅷ', '五', '👋'])('%s is no decimal digit', (character) => {
  expect(digitValue(character)).toBeNull()
  expect(asciiDigits(character)).toBe(character)
})
