import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideCancel } from '../src/accept/cancel/cancel-rule.ts'
import {
  type Attempt,
  type AttemptOutcome,
  type AttemptPart,
  outcomeOf,
  type PartOutcome,
} from '../src/domain/attempts/attempt.ts'
import { nextStep } from '../src/domain/attempts/attempt-plan.ts'

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

/** Attempts that leave the message open, of up to three parts. */
const dividedHistory = fc.array(
  fc.array(fc.constantFrom<PartOutcome>('sent', 'unidentified', 'ambiguous', 'temporary', 'throttled', 'unsent'), {
    minLength: 1,
    maxLength: 3,
  }),
  { maxLength: 5 },
)

test('of a message in several parts the outcomes of its attempts are enough to decide', () => {
  fc.assert(
    fc.property(dividedHistory, fc.nat(4), (outcomes, maxRetries) => {
      const answer = { operatorMessageId: null, errorCode: null, receipt: null }
      const attempts = outcomes.map((of, index): Attempt => {
        const parts = of.map((outcome, part): AttemptPart => ({ part: part + 1, outcome, ...answer }))
        const base = { operator: 'o', possibleDuplicate: false, partCount: 3, leaseUntilMs: 0, endedAtMs: 0 }
        return { ...base, attempt: index + 1, outcome: outcomeOf(parts), parts }
      })
      const message = { status: 'queued' as const, attemptsBefore: 0, maxRetries, validUntilMs: null, attempts }
      const rules = { holdsAt: () => true, resendsAt: () => ({ max: 3, msFirst: 0 }), retryMsFirst: 0, retryMsMax: 0 }
      const later = nextStep(attempts, { ...rules, maxRetries, attemptsBefore: 0, validUntilMs: null }, NOW, 0)
      const isFree = later.kind === 'begin' && later.operator === null
      const decision = decideCancel(message, NOW)
      expect(decision.kind === 'cancel').toBe(isFree)
      if (decision.kind === 'cancel') expect(later).toMatchObject({ attempt: decision.attempt })
    }),
  )
})
