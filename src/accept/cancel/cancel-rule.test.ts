import { expect, test } from 'vitest'
import type { AttemptOutcome } from '../../domain/attempts/attempt.ts'
import { type CancelCandidate, decideCancel } from './cancel-rule.ts'

const NOW = 1_000_000
const FRESH: CancelCandidate = {
  status: 'accepted',
  attemptsBefore: 0,
  maxRetries: 3,
  validUntilMs: null,
  attempts: [],
}

function after(...outcomes: AttemptOutcome[]): CancelCandidate {
  return { ...FRESH, attempts: outcomes.map((outcome, index) => ({ attempt: index + 1, operator: 'o', outcome })) }
}

test('what no operator has is cancelled, by taking its next attempt', () => {
  expect(decideCancel(FRESH, NOW)).toEqual({ kind: 'cancel', attempt: 1 })
  expect(decideCancel({ ...FRESH, status: 'queued' }, NOW)).toEqual({ kind: 'cancel', attempt: 1 })
  expect(decideCancel(after('temporary', 'throttled', 'unsent'), NOW)).toEqual({ kind: 'cancel', attempt: 4 })
  // The news of the failed attempt may still be on its way.
  expect(decideCancel({ ...after('temporary'), status: 'sending' }, NOW)).toEqual({ kind: 'cancel', attempt: 2 })
  const reopened = { ...after('temporary', 'temporary', 'temporary', 'temporary'), attemptsBefore: 4 }
  expect(decideCancel(reopened, NOW)).toEqual({ kind: 'cancel', attempt: 5 })
})

test('again it is the same answer, whether its status has arrived or not', () => {
  expect(decideCancel(after('temporary', 'cancelled'), NOW)).toEqual({ kind: 'cancelled' })
  expect(decideCancel({ ...FRESH, status: 'cancelled' }, NOW)).toEqual({ kind: 'cancelled' })
})

test.each([
  ['being sent', after(null), /being sent/],
  ['sent, and its status not here yet', after('temporary', 'sent'), /operator has accepted it/],
  ['sent', { ...FRESH, status: 'sent' as const }, /operator has accepted it/],
  ['sent or not: the answer was lost', after('ambiguous', 'temporary'), /response of the operator was lost/],
  ['refused for good', after('rejected'), /for good/],
  [
    'refused as often as it is tried',
    after('temporary', 'temporary', 'temporary', 'temporary'),
    /All retries were used up/,
  ],
  ['delivered', { ...FRESH, status: 'delivered' as const }, /delivered, which is final/],
  ['held, as its answer was lost', { ...FRESH, status: 'unknown' as const }, /final/],
  ['about to expire', { ...FRESH, validUntilMs: NOW + 5_000 }, /about to expire/],
])('what is %s stays as it is', (_what, message, why) => {
  expect(decideCancel(message, NOW)).toEqual({ kind: 'refuse', why: expect.stringMatching(why) })
})
