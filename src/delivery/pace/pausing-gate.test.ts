import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PausingGate } from './pausing-gate.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** How long the gate stays shut. */
function untilOpen(gate: PausingGate): number {
  const beganMs = Date.now()
  while (!gate.take(1)) vi.advanceTimersByTime(10)
  return Date.now() - beganMs
}

test('all goes until the operator throttles; then the worker pauses, and says when it goes on', async () => {
  let reopened = 0
  const gate = new PausingGate(() => reopened++)
  expect(await gate.take(1)!.due()).toBe(true)
  gate.throttled()
  expect(gate.take(1)).toBeNull()
  // Answers to what was under way: the pause is not made longer.
  gate.throttled()
  vi.advanceTimersByTime(260)
  expect(reopened).toBe(1)
  expect(gate.take(1)).not.toBeNull()
  gate.stop()
})

test('one that throttles nearly all is left alone longer and longer, up to a bound', () => {
  const gate = new PausingGate(() => {})
  const pauses: number[] = []
  for (let round = 0; round < 9; round++) {
    gate.throttled()
    pauses.push(untilOpen(gate))
  }
  expect(pauses[0]).toBeLessThan(270)
  expect(pauses.at(-1)).toBeGreaterThan(5_000)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(10_010)
  gate.stop()
})

test('one that throttles one in ten is paused shortly each time', () => {
  const gate = new PausingGate(() => {})
  for (let round = 0; round < 20; round++) {
    for (let taken = 0; taken < 10; taken++) expect(gate.take(1)).not.toBeNull()
    gate.throttled()
    expect(untilOpen(gate)).toBeLessThan(270)
  }
  gate.stop()
})

test('an answer that comes after the end begins no pause', () => {
  const gate = new PausingGate(() => {})
  gate.stop()
  gate.throttled()
  expect(vi.getTimerCount()).toBe(0)
})
