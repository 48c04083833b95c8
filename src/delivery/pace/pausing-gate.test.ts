import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PausingGate } from './pausing-gate.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('all goes until the operator throttles; then the worker pauses, and says when it goes on', async () => {
  let reopened = 0
  const gate = new PausingGate(() => reopened++)
  expect(await gate.take()!.due()).toBe(true)
  gate.throttled()
  expect(gate.take()).toBeNull()
  // Answers to what was under way: the pause is not made longer.
  gate.throttled()
  vi.advanceTimersByTime(320)
  expect(reopened).toBe(1)
  expect(gate.take()).not.toBeNull()
  gate.stop()
})

test('one that throttles again and again is left alone longer and longer, up to a bound', () => {
  const gate = new PausingGate(() => {})
  const pauses: number[] = []
  for (let round = 0; round < 9; round++) {
    gate.throttled()
    const beganMs = Date.now()
    while (!gate.take()) vi.advanceTimersByTime(10)
    pauses.push(Date.now() - beganMs)
  }
  expect(pauses[0]).toBeLessThan(350)
  expect(pauses.at(-1)).toBeGreaterThan(5_000)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(10_010)
  vi.advanceTimersByTime(60_000)
  gate.throttled()
  vi.advanceTimersByTime(320)
  expect(gate.take()).not.toBeNull()
  gate.stop()
})

test('an answer that comes after the end begins no pause that somebody would have to wait out', () => {
  const gate = new PausingGate(() => {})
  gate.stop()
  gate.throttled()
  expect(vi.getTimerCount()).toBe(0)
})
