import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admits, afterAdmission, afterAnswer, afterWithdrawal, type BreakerState, CLOSED } from './circuit-breaker.ts'

const NOW = 1_000_000
const kind = fc.constantFrom('sent', 'rejected', 'throttled', 'temporary', 'ambiguous', 'unsent')
const failure = fc.constantFrom('temporary', 'ambiguous', 'unsent')

function answers(state: BreakerState, kinds: readonly Parameters<typeof afterAnswer>[1][], nowMs = NOW): BreakerState {
  return kinds.reduce((before, each) => afterAnswer(before, each, nowMs), state)
}

test('an operator that only fails is left alone after some sixty messages, whatever its failures', () => {
  fc.assert(
    fc.property(fc.array(failure, { minLength: 59, maxLength: 70 }), (failures) => {
      const state = answers(CLOSED, failures)
      expect(state).toMatchObject({ kind: 'open', untilMs: NOW + 1_000 })
      expect([admits(state, NOW + 999), admits(state, NOW + 1_000)]).toEqual([false, true])
    }),
  )
  expect(
    answers(
      CLOSED,
      Array.from({ length: 40 }, () => 'temporary'),
    ).kind,
  ).toBe('closed')
})

test('one that also takes messages is not, nor one that refuses them for good or asks for a slower pace', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(failure, failure), { maxLength: 200 }), (failures) => {
      expect(
        answers(
          CLOSED,
          failures.flatMap((two) => [...two, 'sent' as const]),
        ).kind,
      ).toBe('closed')
    }),
  )
  const many = (each: 'rejected' | 'throttled') => Array.from({ length: 200 }, () => each)
  expect(answers(CLOSED, many('rejected'))).toEqual(CLOSED)
  expect(answers(CLOSED, many('throttled'))).toEqual(CLOSED)
})

test('when its time is up one message probes it, and only one', () => {
  const opened = answers(
    CLOSED,
    Array.from({ length: 59 }, () => 'unsent'),
  )
  const probing = afterAdmission(opened)
  expect(admits(probing, NOW + 60_000)).toBe(false)
  expect(afterAnswer(probing, 'sent', NOW)).toEqual(CLOSED)
  expect(afterAnswer(probing, 'throttled', NOW)).toEqual(CLOSED)
  expect(afterAnswer(probing, 'temporary', NOW)).toMatchObject({ kind: 'open', untilMs: NOW + 2_000 })
  expect(admits(afterWithdrawal(probing), NOW)).toBe(true)
})

test('answers to what was on its way when it opened change nothing; it never stays open for more than half a minute', () => {
  const opened = answers(
    CLOSED,
    Array.from({ length: 59 }, () => 'unsent'),
  )
  fc.assert(
    // Mostly failures, so that it opens again and again.
    fc.property(fc.array(fc.oneof(failure, failure, failure, kind)), fc.array(kind), (probes, late) => {
      let state = opened
      let nowMs = NOW
      for (const each of [...probes, 'unsent' as const]) {
        if (state.kind === 'open') {
          expect(answers(state, late, nowMs)).toEqual(state)
          expect(state.untilMs - nowMs).toBeGreaterThan(0)
          expect(state.untilMs - nowMs).toBeLessThanOrEqual(30_000)
          nowMs = state.untilMs
        }
        expect(admits(state, nowMs)).toBe(true)
        state = afterAnswer(afterAdmission(state), each, nowMs)
      }
    }),
  )
})
