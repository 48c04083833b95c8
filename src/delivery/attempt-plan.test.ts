import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Attempt, type AttemptOutcome, type AttemptRules, nextStep } from './attempt-plan.ts'

const RULES: AttemptRules = {
  maxRetries: 3,
  attemptsBefore: 0,
  onAmbiguous: 'resend',
  retryMsFirst: 1_000,
  retryMsMax: 60_000,
}
const NOW = 1_000_000

function attempt(number: number, outcome: AttemptOutcome, changes: Partial<Attempt> = {}): Attempt {
  const endedAtMs = outcome === null ? null : NOW - 120_000
  const base = { possibleDuplicate: false, leaseUntilMs: NOW - 1, operatorMessageId: null, errorCode: null, endedAtMs }
  return { ...base, attempt: number, outcome, ...changes }
}

test('the first attempt begins at once', () => {
  expect(nextStep([], RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 1, possibleDuplicate: false })
})

test('an open attempt is left alone while its lease lasts, and given up when it is over', () => {
  const open = (leaseUntilMs: number) => [attempt(1, null, { leaseUntilMs })]
  expect(nextStep(open(NOW + 5), RULES, NOW, 0)).toEqual({ kind: 'wait', untilMs: NOW + 5 })
  expect(nextStep(open(NOW), RULES, NOW, 0)).toEqual({ kind: 'give-up-on', attempt: 1 })
})

test('a lost answer: sent again and flagged, or held', () => {
  const lost = [attempt(1, 'ambiguous')]
  expect(nextStep(lost, RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 2, possibleDuplicate: true })
  expect(nextStep(lost, { ...RULES, onAmbiguous: 'hold' }, NOW, 0)).toMatchObject({ kind: 'report', status: 'unknown' })
  // The flag stays, whatever comes between.
  const later = [attempt(1, 'ambiguous'), attempt(2, 'temporary', { possibleDuplicate: true })]
  expect(nextStep(later, RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 3, possibleDuplicate: true })
})

test('temporary errors wait longer each time, and end in failure; throttling uses up none of them', () => {
  const waits = [1, 2, 3].map((count) => {
    const attempts = Array.from({ length: count }, (_, index) => attempt(index + 1, 'temporary', { endedAtMs: NOW }))
    const step = nextStep(attempts, RULES, NOW, 0.5)
    return step.kind === 'wait' ? step.untilMs - NOW : step
  })
  expect(waits).toEqual([750, 3_000, 12_000])
  const four = Array.from({ length: 4 }, (_, index) => attempt(index + 1, 'temporary'))
  expect(nextStep(four, RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed', last: { attempt: 4 } })
  const throttled = Array.from({ length: 50 }, (_, index) => attempt(index + 1, 'throttled'))
  expect(nextStep(throttled, RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 51, possibleDuplicate: false })
})

const outcomes = fc.array(
  fc.constantFrom<Exclude<AttemptOutcome, null>>('sent', 'temporary', 'throttled', 'rejected', 'ambiguous', 'unsent'),
  { minLength: 1, maxLength: 8 },
)

test('nothing is begun after the operator took or refused a message, nor unflagged after a lost answer', () => {
  fc.assert(
    fc.property(outcomes, fc.constantFrom<'resend' | 'hold'>('resend', 'hold'), (ends, onAmbiguous) => {
      const attempts = ends.map((outcome, index) => attempt(index + 1, outcome))
      const step = nextStep(attempts, { ...RULES, onAmbiguous }, NOW, 0.3)
      const last = ends.at(-1)
      if (last === 'sent' || last === 'rejected') expect(step).toMatchObject({ kind: 'report', status: last })
      if (step.kind !== 'begin') return
      expect(step.attempt).toBe(ends.length + 1)
      expect(step.possibleDuplicate).toBe(ends.includes('ambiguous'))
      if (last === 'ambiguous') expect(onAmbiguous).toBe('resend')
    }),
  )
})

test('a redrive begins another round: as many refusals again, and what the phone may have stays flagged', () => {
  const rules = { ...RULES, attemptsBefore: 5 }
  const former = [attempt(1, 'ambiguous'), ...[2, 3, 4, 5].map((number) => attempt(number, 'temporary'))]
  expect(nextStep(former, RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed' })
  expect(nextStep(former, rules, NOW, 0)).toEqual({ kind: 'begin', attempt: 6, possibleDuplicate: true })
  const refused = (times: number) => [
    ...former,
    ...Array.from({ length: times }, (_, index) => attempt(6 + index, 'temporary')),
  ]
  expect(nextStep(refused(3), rules, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 9 })
  expect(nextStep(refused(4), rules, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed' })
  expect(nextStep([], rules, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 6 })
})

test('an attempt that the customer took ends the message', () => {
  const step = nextStep([attempt(1, 'temporary'), attempt(2, 'cancelled')], RULES, NOW, 0)
  expect(step).toMatchObject({ kind: 'report', status: 'cancelled', last: { attempt: 2 } })
})
