import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CustomerLanes, type LaneItem } from './customer-lanes.ts'

interface Item extends LaneItem {
  readonly n: number
}

function lanesOf(...waiting: readonly (readonly [customerId: string, size: number, count: number])[]) {
  const lanes = new CustomerLanes<Item>()
  let n = 0
  for (const [customerId, size, count] of waiting) {
    for (let each = 0; each < count; each++) lanes.push({ customerId, size, n: n++ })
  }
  return lanes
}

test('behind any number of large requests of one customer, the next transaction has what others sent', () => {
  const lanes = lanesOf(['greedy', 1_000, 20], ['a', 1, 3], ['b', 100, 1], ['c', 1, 1])
  const first = lanes.take(500)
  expect(new Set(first.map(({ customerId }) => customerId))).toEqual(new Set(['a', 'b', 'c']))
  expect(first).toHaveLength(5)
  expect(lanes.take(500).map(({ customerId }) => customerId)).toEqual(['greedy'])
})

test('a transaction in reserve is for customers of whom nothing is under way', () => {
  const lanes = lanesOf(['a', 1, 600], ['b', 1, 1])
  const first = lanes.take(500)
  expect(first).toHaveLength(500)
  expect(lanes.hasIdle).toBe(false)
  expect(lanes.take(500, true)).toEqual([])
  lanes.push({ customerId: 'c', size: 1, n: 1_000 })
  expect(lanes.hasIdle).toBe(true)
  expect(lanes.take(500, true).map(({ customerId }) => customerId)).toEqual(['c'])
  const second = lanes.take(500)
  expect(second).toHaveLength(101)
  lanes.push({ customerId: 'a', size: 1, n: 1_001 })
  lanes.release(first)
  expect(lanes.hasIdle).toBe(false)
  lanes.release(second)
  expect(lanes.hasIdle).toBe(true)
})

test('all that was put in comes out, each customer in order, in transactions that are not too large', () => {
  const step = fc.oneof(
    fc.record({ customerId: fc.constantFrom('a', 'b', 'c', 'd'), size: fc.integer({ min: 1, max: 1_200 }) }),
    fc.constantFrom('take' as const, 'take idle' as const),
    fc.constant('release' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const lanes = new CustomerLanes<Item>()
      const pushed = new Map<string, number[]>()
      const seen = new Map<string, number[]>()
      const open: Item[][] = []
      let n = 0
      const take = (idleOnly = false): void => {
        const busy = new Set(open.flat().map(({ customerId }) => customerId))
        const hadIdle = lanes.hasIdle
        const items = lanes.take(500, idleOnly)
        if (idleOnly) expect(items.length > 0).toBe(hadIdle)
        for (const { customerId, n: each } of items) {
          if (idleOnly) expect(busy.has(customerId)).toBe(false)
          seen.set(customerId, [...(seen.get(customerId) ?? []), each])
        }
        const size = items.reduce((sum, item) => sum + item.size, 0)
        expect(items.length === 1 || size <= 500).toBe(true)
        open.push(items)
      }
      const release = (): void => lanes.release(open.shift() ?? [])
      for (const each of steps) {
        if (each === 'take' || each === 'take idle') take(each === 'take idle')
        else if (each === 'release') release()
        else {
          lanes.push({ ...each, n })
          pushed.set(each.customerId, [...(pushed.get(each.customerId) ?? []), n++])
        }
      }
      while (!lanes.isEmpty) take()
      while (open.length > 0) release()
      expect(seen).toEqual(pushed)
      expect(lanes.messages).toBe(0)
    }),
  )
})
