import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GRANT_AHEAD_MS, SlotSupply } from './slot-supply.ts'

test('a slot is handed out when it is near, and is wasted when it is too near or gone', () => {
  const supply = new SlotSupply(10)
  supply.add(3, 1_000, 100)
  expect(supply.take(1, 1_000 - GRANT_AHEAD_MS - 1)).toBeNull()
  expect(supply.grantAtMs(1)).toBe(1_000 - GRANT_AHEAD_MS)
  expect(supply.take(1, 1_000 - GRANT_AHEAD_MS)).toEqual([1_000])
  expect(supply.take(1, 1_095)).toEqual([1_200])
  expect(supply.wasted).toBe(1)
  expect(supply.grantAtMs(1)).toBeNull()
})

test('a long message gets all of its slots or none', () => {
  const supply = new SlotSupply(10)
  expect(supply.wanted(5, 5, 0)).toBe(5)
  supply.add(3, 100, 100)
  expect(supply.take(5, 0)).toBeNull()
  expect(supply.wanted(5, 5, 0)).toBe(2)
  supply.add(2, 400, 100)
  expect(supply.take(5, 0)).toEqual([100, 200, 300, 400, 500])
})

test('no slot is handed out twice, before its time, or out of order, and what is reserved stays within bounds', () => {
  const step = fc.record({ passMs: fc.nat(300), cost: fc.integer({ min: 1, max: 6 }), waiting: fc.nat(500) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.array(step, { maxLength: 60 }), (perSecond, steps) => {
      const supply = new SlotSupply(perSecond)
      const slotMs = 1_000 / perSecond
      let nowMs = 0
      let nextAtMs = 0
      let lastGrantMs = Number.NEGATIVE_INFINITY
      let reserved = 0
      let granted = 0
      for (const { passMs, cost, waiting } of steps) {
        nowMs += passMs
        const wanted = supply.wanted(waiting + cost, cost, nowMs)
        expect(wanted).toBeLessThanOrEqual(Math.max(cost, Math.ceil(perSecond * 0.15)))
        if (wanted > 0) {
          // As the database gives them: behind all others, and not in the past.
          nextAtMs = Math.max(nextAtMs, nowMs + 60)
          supply.add(wanted, nextAtMs, slotMs)
          nextAtMs += wanted * slotMs
          reserved += wanted
        }
        const slots = supply.take(cost, nowMs)
        if (!slots) continue
        expect(slots).toHaveLength(cost)
        granted += cost
        expect(slots[0]!).toBeLessThanOrEqual(nowMs + GRANT_AHEAD_MS)
        for (const slot of slots) {
          expect(slot).toBeGreaterThan(nowMs)
          expect(slot).toBeGreaterThan(lastGrantMs)
          lastGrantMs = slot
        }
      }
      expect(granted + supply.wasted).toBeLessThanOrEqual(reserved)
    }),
  )
})
