import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstSmsIdAt, IdsExhaustedError, REFERENCE_SLOT, SmsIds, smsIdTimeMs } from './sms-id.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const MINUTES = 60_000

/** What PostgreSQL does when it leases a slot: the next block begins where the last one ends, or now. */
class Slot {
  #untilMs = 0
  lease(nowMs: number, blockMs: number): SmsIds {
    const fromMs = Math.max(this.#untilMs, nowMs)
    this.#untilMs = fromMs + blockMs
    return new SmsIds(3, fromMs, this.#untilMs)
  }
}

test('processes that hold a slot one after the other never draw the same id, whatever their clocks and the clock of leases do', () => {
  const step = fc.record({
    process: fc.nat(3),
    leases: fc.boolean(),
    draws: fc.nat(300),
    clockMs: fc.integer({ min: -10 * MINUTES, max: 10 * MINUTES }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slot = new Slot()
      const holders = new Map<number, SmsIds>()
      const seen = new Set<number>()
      for (const { process, leases, draws, clockMs } of steps) {
        if (leases || !holders.has(process)) holders.set(process, slot.lease(NOW + clockMs, 50))
        const ids = holders.get(process)!
        for (let n = 0; n < draws; n++) {
          let id: number
          try {
            id = ids.next(NOW + clockMs)
          } catch (error) {
            expect(error).toBeInstanceOf(IdsExhaustedError)
            break
          }
          expect(seen.has(id)).toBe(false)
          seen.add(id)
        }
      }
    }),
  )
})

test('a block has 128 ids for each of its milliseconds, and not one more until it is extended', () => {
  const ids = new SmsIds(5, NOW, NOW + 2)
  const drawn = Array.from({ length: 256 }, () => ids.next(NOW - 10 * MINUTES))
  expect(new Set(drawn).size).toBe(256)
  expect(drawn.toSorted((a, b) => a - b)).toEqual(drawn)
  expect([smsIdTimeMs(drawn[0]!), smsIdTimeMs(drawn.at(-1)!)]).toEqual([NOW, NOW + 1])
  expect(() => ids.next(NOW)).toThrow(IdsExhaustedError)
  expect(ids.unusedFromMs).toBe(NOW + 2)
  ids.extend(NOW + 1)
  expect(() => ids.next(NOW)).toThrow(IdsExhaustedError)
  ids.extend(NOW + 3)
  expect(ids.next(NOW)).toBe(firstSmsIdAt(NOW + 2) + 5 * 128)
})

test('an id says its time, and its layout is that of the ids that are stored', () => {
  expect(firstSmsIdAt(Date.UTC(2026, 0, 1))).toBe(0)
  expect(firstSmsIdAt(Date.UTC(2026, 0, 1) + 3)).toBe(3 * 8_192)
  expect(new SmsIds(2, NOW).next(NOW + 1)).toBe(firstSmsIdAt(NOW + 1) + 2 * 128)
  expect(new SmsIds(REFERENCE_SLOT).next(NOW)).toBe(firstSmsIdAt(NOW + 1) - 128)
  // Slots are counted on by PostgreSQL; an id has room for 64 of them.
  expect(new SmsIds(66).next(NOW)).toBe(new SmsIds(2).next(NOW))
  fc.assert(
    fc.property(fc.integer({ min: NOW, max: NOW * 2 - Date.UTC(2026, 0, 1) }), fc.nat(63), (timeMs, slot) => {
      const id = new SmsIds(slot).next(timeMs)
      expect(smsIdTimeMs(id)).toBe(timeMs)
      expect(id).toBeLessThan(firstSmsIdAt(timeMs + 1))
    }),
  )
})

test('a running clock uses each millisecond once, and a stopped one continues from its last', () => {
  const ids = new SmsIds(0, NOW, NOW + 10)
  expect(ids.unusedFromMs).toBe(NOW)
  expect([ids.next(NOW + 4), ids.next(NOW + 4), ids.next(NOW + 3)].map((id) => id - firstSmsIdAt(NOW + 4))).toEqual([
    ...[0, 1, 2],
  ])
  expect(ids.unusedFromMs).toBe(NOW + 5)
  expect(ids.next(NOW + 9)).toBe(firstSmsIdAt(NOW + 9))
  expect(() => ids.next(NOW + 10)).toThrow('used up')
})

test('however many ids a millisecond is asked for, each has the slot that draws it', () => {
  fc.assert(
    fc.property(
      fc.nat(63),
      fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 200, maxLength: 600 }),
      (slot, steps) => {
        const ids = new SmsIds(slot)
        let nowMs = NOW
        for (const [n, step] of steps.entries()) {
          // For most of the time the clock does not move.
          if (n % 190 === 0) nowMs += step
          expect(Math.floor(ids.next(nowMs) / 128) % 64).toBe(slot)
        }
      },
    ),
  )
  expect(new IdsExhaustedError()).toMatchObject({ name: 'IdsExhaustedError' })
})
