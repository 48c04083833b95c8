import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IRAN_NETWORKS, NetworkTable } from './networks.ts'

test('the longest prefix names the network, in whatever order prefixes are given', () => {
  const digits = (minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom('1', '2'), minLength, maxLength })
  fc.assert(
    fc.property(fc.uniqueArray(digits(1, 6)), digits(7, 9), (prefixes, number) => {
      const networks = Object.fromEntries(prefixes.map((prefix, n) => [`432-${10 + n}`, [prefix]]))
      const fitting = prefixes.filter((prefix) => number.startsWith(prefix)).sort((a, b) => b.length - a.length)
      const found = new NetworkTable(networks).networkOf(`+${number}`)
      const [longest] = fitting
      expect(found).toEqual(
        longest === undefined
          ? null
          : { mccMnc: `432-${10 + prefixes.indexOf(longest)}`, known: `by prefix ${longest}` },
      )
    }),
  )
})

test.each([
  ['+989121234567', '432-11', '9891'],
  ['+989901234567', '432-11', '98990'],
  ['+989211234567', '432-20', '98921'],
  ['+989351234567', '432-35', '98935'],
])('%s is of %s', (phone, mccMnc, prefix) => {
  expect(new NetworkTable(IRAN_NETWORKS).networkOf(phone)).toEqual({ mccMnc, known: `by prefix ${prefix}` })
})

test('a number of none of them has no network', () => {
  const table = new NetworkTable(IRAN_NETWORKS)
  for (const phone of ['+982112345678', '+491711234567', '+989']) expect(table.networkOf(phone)).toBeNull()
})
