import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CustomerRound } from './customer-round.ts'

const COST_MAX = 10
const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 12 })
const costs = fc.infiniteStream(fc.integer({ min: 1, max: COST_MAX }))

/** A round with as many customers as weights. */
function roundOf(all: readonly number[]) {
  const round = new CustomerRound<{ customerId: string; priority: number; cost: number }>((id) => all[Number(id)]!)
  return { round, add: (n: number, cost: number, priority = 1) => round.add({ customerId: `${n}`, priority, cost }) }
}

test('customers that always have something waiting get parts in proportion to their weights, whatever their sizes', () => {
  fc.assert(
    fc.property(weights, costs, (all, cost) => {
      const { round, add } = roundOf(all)
      const served = all.map(() => 0)
      for (const n of all.keys()) add(n, cost.next().value)
      for (let slots = 0; slots < 2_000; slots++) {
        const item = round.shift()!
        const n = Number(item.customerId)
        served[n]! += item.cost
        add(n, cost.next().value)
      }
      // Between any two, what each has had by its weight differs by a round and an item overdrawn.
      const rounds = served.map((parts, n) => parts / all[n]!)
      expect(Math.max(...rounds) - Math.min(...rounds)).toBeLessThanOrEqual(2 * (1 + COST_MAX))
    }),
  )
})

test('a new customer waits no longer than a round of the others, however long their queues are', () => {
  fc.assert(
    fc.property(weights, costs, (all, cost) => {
      const { round, add } = roundOf([...all, 1])
      for (let n = 0; n < 50; n++) for (const customer of all.keys()) add(customer, cost.next().value)
      for (let slots = 0; slots < 20; slots++) round.shift()
      add(all.length, 1)
      let partsBefore = 0
      for (let item = round.shift()!; item.customerId !== `${all.length}`; item = round.shift()!)
        partsBefore += item.cost
      const roundParts = all.reduce((sum, weight) => sum + weight + COST_MAX, 0)
      expect(partsBefore).toBeLessThanOrEqual(roundParts)
    }),
  )
})

test('while anything waits something is served, and all of it once; a customer’s own by priority, then in order', () => {
  const item = fc.record({ n: fc.nat(5), cost: fc.integer({ min: 1, max: COST_MAX }), priority: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 200, size: 'max' }), (items) => {
      const { round, add } = roundOf([1, 2, 3, 4, 5, 6])
      for (const { n, cost, priority } of items) add(n, cost, priority)
      const served = items.map(() => round.shift()!)
      expect(round.shift()).toBeUndefined()
      expect(round.waiting).toBe(0)
      for (let n = 0; n <= 5; n++) {
        const own = items.filter((each) => each.n === n)
        const ordered = [2, 1, 0].flatMap((priority) => own.filter((each) => each.priority === priority))
        const got = served.filter(({ customerId }) => customerId === `${n}`)
        expect(got.map(({ priority, cost }) => [priority, cost])).toEqual(
          ordered.map((each) => [each.priority, each.cost]),
        )
      }
    }),
  )
})

test('a debt outlives the queue: one large message at a time is no way to more than one’s share', () => {
  const { round, add } = roundOf([1, 1])
  for (let n = 0; n < 1_000; n++) add(0, 1)
  const parts = [0, 0]
  add(1, COST_MAX)
  for (let slots = 0; slots < 500; slots++) {
    const { customerId, cost } = round.shift()!
    parts[Number(customerId)]! += cost
    // It comes back when another was served in between, its queue being empty until then.
    if (customerId === '0' && round.waiting === 1_000 - parts[0]!) add(1, COST_MAX)
  }
  expect(Math.abs(parts[0]! - parts[1]!)).toBeLessThanOrEqual(2 * COST_MAX)
})
