import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextStart, START_BYTES_MIN } from './restart-rule.ts'

const LIMITS = { restartsMax: 5, windowMs: 600_000 }
const ROOM = START_BYTES_MIN

test('waits grow with the restarts of the window', () => {
  expect(nextStart([], 0, ROOM, LIMITS)).toEqual({ kind: 'start', waitMs: 250, restart: 1 })
  expect(nextStart([1_000, 2_000], 3_000, null, LIMITS)).toEqual({ kind: 'start', waitMs: 1_000, restart: 3 })
})

test('a disk without room waits, and uses up no restart', () => {
  expect(nextStart([], 0, ROOM - 1, LIMITS).kind).toBe('no-room')
  expect(nextStart([1, 2, 3, 4, 5], 6, 0, LIMITS).kind).toBe('no-room')
})

test('whatever dies how often, no window has more restarts than allowed, and a next one always comes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 60 }), (lives) => {
      const restarts: number[] = []
      let nowMs = 0
      for (const livedMs of lives) {
        nowMs += livedMs
        let next = nextStart(restarts, nowMs, null, LIMITS)
        while (next.kind !== 'start') {
          expect(next.waitMs).toBeGreaterThan(0)
          nowMs += next.waitMs
          next = nextStart(restarts, nowMs, null, LIMITS)
        }
        nowMs += next.waitMs
        restarts.push(nowMs)
        const within = restarts.filter((ms) => ms > nowMs - LIMITS.windowMs)
        expect(within.length).toBeLessThanOrEqual(LIMITS.restartsMax)
      }
    }),
  )
})
