import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashOf, weightedOrder } from './weighted-order.ts'

const target = (name: string, weight: number) => ({ name, weight, hash: hashOf(name) })
const namesFor = (targets: readonly ReturnType<typeof target>[], phone: string): string[] =>
  weightedOrder(targets, hashOf(phone)).map(({ name }) => name)

test('hashes are those of FNV-1a with 32 bits, as published with it', () => {
  expect(['', 'a', 'foobar'].map(hashOf)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968])
})

test('every number has every target once, whatever the order in the file', () => {
  const targets = fc.uniqueArray(fc.record({ name: fc.string(), weight: fc.integer({ min: 1, max: 100 }) }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(targets, fc.string(), (some, phone) => {
      const all = some.map(({ name, weight }) => target(name, weight))
      const order = namesFor(all, phone)
      expect(order.toSorted()).toEqual(all.map(({ name }) => name).toSorted())
      expect(namesFor(all.toReversed(), phone)).toEqual(order)
    }),
  )
})

test('those of weight 0 come last, in the order of the file', () => {
  fc.assert(
    fc.property(fc.string(), (phone) => {
      const targets = [target('idle', 0), target('a', 1), target('spare', 0), target('b', 5), target('last', 0)]
      expect(namesFor(targets, phone).slice(2)).toEqual(['idle', 'spare', 'last'])
    }),
  )
})

test('numbers stay with their operators from one version to the next', () => {
  const targets = [target('mci', 70), target('irancell', 20), target('world', 10)]
  expect(Array.from({ length: 8 }, (_, n) => namesFor(targets, `+98912000000${n}`).join(' '))).toEqual([
    'mci world irancell',
    'irancell mci world',
    'mci world irancell',
    'irancell mci world',
    'mci world irancell',
    'mci irancell world',
    'mci world irancell',
    'mci irancell world',
  ])
})

test('neighbouring numbers fall to operators that are next to each other in the alphabet by their shares', () => {
  const targets = ['op1', 'op2', 'op3', 'op4'].map((name) => target(name, 1))
  const count = 4_000
  const orders = new Map<string, number>()
  for (let n = 0; n < count; n++) {
    const order = namesFor(targets, `+98912${1_000_000 + n}`).join(' ')
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  expect(orders.size).toBe(24)
  // Seven times the standard deviation of one of 24 orders.
  const tolerance = 7 * Math.sqrt((count / 24) * (23 / 24))
  for (const times of orders.values()) expect(Math.abs(times - count / 24)).toBeLessThan(tolerance)
})
