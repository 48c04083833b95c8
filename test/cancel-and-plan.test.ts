import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideCancel } from '../src/accept/cancel/cancel-rule.ts'
import type { Attempt, AttemptOutcome, AttemptPart } from '../src/delivery/attempts/attempt.ts'
import { nextStep } from '../src/delivery/attempts/attempt-plan.ts'

const NOW = 10_000_000
const OUTCOMES: AttemptOutcome[] = [
  'sent',
  'temporary',
  'throttled',
  'rejected',
  'ambiguous',
  'unsent',
  'cancelled',
  null,
]

const history = fc
  .tuple(fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 6 }), fc.nat(120_000), fc.nat(3))
  .map(([outcomes, agoMs, attemptsBefore]) => ({
    attemptsBefore: Math.min(attemptsBefore, outcomes.length),
    attempts: outcomes.map((outcome, index): Attempt => {
      const endedAtMs = outcome === null ? null : NOW - agoMs
      const answer = { operatorMessageId: null, errorCode: null, receipt: null }
      const parts: AttemptPart[] = outcome === 'cancelled' ? [] : [{ part: 1, outcome, ...answer }]
      const base = { operator: 'o', possibleDuplicate: false, partCount: 1 }
      return { ...base, attempt: index + 1, outcome, leaseUntilMs: NOW + 1_000, endedAtMs, parts }
    }),
  }))

test('whatever a customer cancels, a worker would have gone on with the very attempt that was taken', () => {
  fc.assert(
    fc.property(history, fc.boolean(), ({ attempts, attemptsBefore }, holds) => {
      const message = { status: 'queued' as const, attemptsBefore, maxRetries: 3, validUntilMs: null, attempts }
      const decision = decideCancel(message, NOW)
      const plan = {
        resendsAt: () => ({ max: 3, msFirst: 10_000 }),
        holdsAt: () => holds,
        retryMsFirst: 1_000,
        retryMsMax: 60_000,
        validUntilMs: null,
      }
      const later = nextStep(attempts, { ...plan, maxRetries: 3, attemptsBefore }, NOW + 600_000, 0)
      if (decision.kind === 'cancel') expect(later).toMatchObject({ kind: 'begin', attempt: decision.attempt })
      if (decision.kind === 'cancelled') expect(later).toMatchObject({ kind: 'report', status: 'cancelled' })
    }),
  )
})
