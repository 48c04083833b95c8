import { expect, onTestFinished, test, vi } from 'vitest'
import { ConnectionHealth } from './connection-health.ts'

const LONG_MS = 60_000

test('how long an operator has been unavailable counts from when it first failed, whatever is tried meanwhile', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  onTestFinished(() => void vi.useRealTimers())
  const health = new ConnectionHealth({
    isReady: () => true,
    graceMs: 0,
    unavailable: () => {},
    breakerChanged: () => {},
  })
  expect(health.unavailableForMs(5_000)).toBe(0)
  while (health.breaker === 'closed') health.answered('ambiguous', 0)
  vi.setSystemTime(LONG_MS)
  health.admit(LONG_MS)
  health.answered('ambiguous', LONG_MS)
  expect(health.unavailableForMs(LONG_MS)).toBe(LONG_MS)
  health.admit(2 * LONG_MS)
  health.answered('sent', 2 * LONG_MS)
  expect(health.unavailableForMs(3 * LONG_MS)).toBe(0)
})

test('messages pending for an operator look for another when its breaker opens, and again when one message probes it', () => {
  let released = 0
  const unavailable = (): void => void released++
  const health = new ConnectionHealth({ isReady: () => true, graceMs: 0, unavailable, breakerChanged: () => {} })
  while (health.breaker === 'closed') health.answered('ambiguous', 0)
  expect(released).toBe(1)
  expect(health.admit(LONG_MS)).toBe(true)
  // They were admitted when its time was up, and only one of them may go.
  expect(released).toBe(2)
  expect(health.admit(LONG_MS)).toBe(false)
  health.answered('sent', LONG_MS)
  expect([health.breaker, released]).toEqual(['closed', 2])
})
