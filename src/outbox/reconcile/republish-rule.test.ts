import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideRepublish, type FoundMessage, type RepublishRules } from './republish-rule.ts'

const RULES: RepublishRules = { stuckAfterMs: 900_000, afterMs: 60_000, timesMax: 3 }
const NOW = 1_000_000_000
const PASSED = { isPassed: () => true }

function found(changes: Partial<FoundMessage> = {}): FoundMessage {
  return {
    smsId: 1,
    acceptedMs: 1,
    shard: 0,
    partition: 0,
    movedAtMs: null,
    republished: null,
    isGivenUp: false,
    ...changes,
  }
}

test('lost is published again, late is left alone, and a state is given its time', () => {
  expect(decideRepublish(found(), PASSED, RULES, NOW)).toBe('republish')
  expect(decideRepublish(found(), { isPassed: () => false }, RULES, NOW)).toBe('wait')
  expect(decideRepublish(found({ movedAtMs: NOW - 899_999 }), PASSED, RULES, NOW)).toBe('wait')
  expect(decideRepublish(found({ movedAtMs: NOW - 900_000 }), PASSED, RULES, NOW)).toBe('republish')
  expect(decideRepublish(found({ isGivenUp: true }), PASSED, RULES, NOW)).toBe('leave')
})

test('whenever it is looked at, a message is published again so many times at most, further and further apart', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 300 }), (waitsMs) => {
      let message = found()
      let nowMs = NOW
      const atMs: number[] = []
      for (const waitMs of waitsMs) {
        nowMs += waitMs
        const decision = decideRepublish(message, PASSED, RULES, nowMs)
        if (decision === 'republish') {
          atMs.push(nowMs)
          message = found({ republished: { outboxSeq: 1, times: atMs.length, atMs: nowMs } })
        }
        if (decision === 'give-up') message = found({ isGivenUp: true })
      }
      expect(atMs.length).toBeLessThanOrEqual(RULES.timesMax)
      atMs.slice(1).forEach((time, index) => {
        expect(time - atMs[index]!).toBeGreaterThanOrEqual(RULES.afterMs * 2 ** index)
      })
      if (message.isGivenUp) expect(atMs).toHaveLength(RULES.timesMax)
    }),
  )
})
