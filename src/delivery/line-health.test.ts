import { expect, test } from 'vitest'
import { LineHealth } from './line-health.ts'

const LONG_MS = 60_000

test('what waits for an operator looks for another when it is left alone, and again when one message tries it', () => {
  let letGo = 0
  const unavailable = (): void => void letGo++
  const health = new LineHealth({ isReady: () => true, graceMs: 0, unavailable, breakerChanged: () => {} })
  while (health.breaker === 'closed') health.answered('ambiguous', 0)
  expect(letGo).toBe(1)
  expect(health.admit(LONG_MS)).toBe(true)
  // They were let in when its time was over, and only one of them may go.
  expect(letGo).toBe(2)
  expect(health.admit(LONG_MS)).toBe(false)
  health.answered('sent', LONG_MS)
  expect([health.breaker, letGo]).toEqual(['closed', 2])
})
