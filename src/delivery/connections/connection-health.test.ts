import { expect, onTestFinished, test, vi } from 'vitest'
import { ConnectionHealth } from './connection-health.ts'

const LONG_MS = 60_000

test('how long an operator has been away counts from when it first failed, whatever is tried meanwhile', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  onTestFinished(() => void vi.useRealTimers())
  const health = new ConnectionHealth({
    isReady: () => true,
    graceMs: 0,
    unavailable: () => {},
    breakerChanged: () => {},
  })
  expect(health.awayForMs(5_000)).toBe(0)
  while (health.breaker === 'closed') health.answered('ambiguous', 0)
  vi.setSystemTime(LONG_MS)
  health.admit(LONG_MS)
  health.answered('ambiguous', LONG_MS)
  expect(health.awayForMs(LONG_MS)).toBe(LONG_MS)
  health.admit(2 * LONG_MS)
  health.answered('sent', 2 * LONG_MS)
  expect(health.awayForMs(3 * LONG_MS)).toBe(0)
})

test('what waits for an operator looks for another when it is left alone, and again when one message tries it', () => {
  let letGo = 0
  const unavailable = (): void => void letGo++
  const health = new ConnectionHealth({ isReady: () => true, graceMs: 0, unavailable, breakerChanged: () => {} })
  while (health.breaker === 'closed') health.answered('ambiguous', 0)
  expect(letGo).toBe(1)
  expect(health.admit(LONG_MS)).toBe(true)
  // They were let in when its time was over, and only one of them may go.
  expect(letGo).toBe(2)
  expect(health.admit(LONG_MS)).toBe(false)
  health.answered('sent', LONG_MS)
  expect([health.breaker, letGo]).toEqual(['closed', 2])
})
