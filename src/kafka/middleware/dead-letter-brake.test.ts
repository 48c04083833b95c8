import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeadLetterBrake } from './dead-letter-brake.ts'

const HOUR_MS = 3_600_000

/**
 * A handler that fails for every record, retried as a consumer would, for so long. Returns the dead letters.
 */
function failFor(brake: DeadLetterBrake, fromMs: number, forMs: number, stepMs = 500): number {
  let letters = 0
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += stepMs) {
    if (brake.admit(nowMs).kind === 'go' && brake.allows('broken', nowMs)) letters++
  }
  return letters
}

test('one poison record alone is passed on', () => {
  const brake = new DeadLetterBrake()
  expect(brake.allows('poison', 1_000)).toBe(true)
  expect(brake.braked).toBeNull()
})

test('a handler that always fails costs a dead letter, then ever fewer, a day costs no partition', () => {
  const brake = new DeadLetterBrake()
  expect(failFor(brake, 0, 50_000)).toBe(1)
  expect(brake.braked).toEqual({ sinceMs: 500, cause: 'broken' })
  expect(failFor(brake, 50_000, HOUR_MS)).toBeLessThanOrEqual(6)
  expect(failFor(brake, 2 * HOUR_MS, 24 * HOUR_MS)).toBeLessThanOrEqual(25)
})

test('while most succeed a handful a minute is passed on, and no more', () => {
  const brake = new DeadLetterBrake()
  let letters = 0
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    if (brake.admit(nowMs).kind === 'go') brake.succeeded(10, nowMs)
    if (brake.admit(nowMs).kind === 'go' && brake.allows('poison', nowMs)) letters++
  }
  expect(letters).toBe(5)
})

test('the first record that succeeds releases, and both changes are reported', () => {
  const reported: [boolean, string][] = []
  const brake = new DeadLetterBrake((isBraked, cause) => reported.push([isBraked, cause]))
  failFor(brake, 0, 20_000)
  brake.succeeded(1, 20_000)
  expect(brake.braked).toBeNull()
  expect(brake.admit(20_001).kind).toBe('go')
  expect(reported).toEqual([
    [true, 'broken'],
    [false, 'broken'],
  ])
})

test('while braked one record is tried for each wait, and the waits grow to half a minute', () => {
  const brake = new DeadLetterBrake()
  brake.allows('a', 0)
  brake.allows('b', 0)
  const triedMs: number[] = []
  for (let nowMs = 0; nowMs < 300_000; nowMs += 100) if (brake.admit(nowMs).kind === 'go') triedMs.push(nowMs)
  const waits = triedMs.slice(1).map((atMs, index) => atMs - triedMs[index]!)
  expect(waits.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000])
  expect(Math.max(...waits)).toBe(30_000)
})

test('whatever succeeds and fails in whatever order, dead letters stay few, and success always releases', () => {
  const step = fc.record({ isDone: fc.boolean(), afterMs: fc.integer({ min: 0, max: 5_000 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
      const brake = new DeadLetterBrake()
      const deadLettersMs: number[] = []
      let nowMs = 1
      for (const { isDone, afterMs } of steps) {
        nowMs += afterMs
        if (brake.admit(nowMs).kind === 'wait') continue
        if (isDone) {
          brake.succeeded(1, nowMs)
          expect(brake.braked).toBeNull()
        } else if (brake.allows('x', nowMs)) deadLettersMs.push(nowMs)
      }
      for (const atMs of deadLettersMs) {
        expect(deadLettersMs.filter((other) => other >= atMs && other < atMs + 60_000).length).toBeLessThanOrEqual(6)
      }
    }),
  )
})
