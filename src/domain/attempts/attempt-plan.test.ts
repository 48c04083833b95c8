import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Attempt, type AttemptOutcome, outcomeOf, type PartOutcome, partsToSubmit, standingAt } from './attempt.ts'
import { type AttemptRules, nextStep } from './attempt-plan.ts'

const RULES: AttemptRules = {
  maxRetries: 3,
  attemptsBefore: 0,
  holdsAt: () => false,
  resendsAt: () => ({ max: 3, msFirst: 10_000 }),
  retryMsFirst: 1_000,
  retryMsMax: 60_000,
  validUntilMs: null,
}
const HOLD: AttemptRules = { ...RULES, holdsAt: () => true }
const NOW = 1_000_000

/** An attempt of a message in one part. */
function attempt(number: number, outcome: AttemptOutcome, changes: Partial<Attempt> = {}): Attempt {
  const parts = outcome === 'cancelled' ? [] : [part(1, outcome)]
  return { ...long(number, 1, {}), outcome, endedAtMs: outcome === null ? null : NOW - 120_000, parts, ...changes }
}

/** An attempt of a message in several parts, with the outcome of each that it submits. */
function long(number: number, partCount: number, outcomes: Record<number, PartOutcome>, operator = 'a'): Attempt {
  const parts = Object.entries(outcomes).map(([at, outcome]) => part(Number(at), outcome))
  const isOpen = parts.some(({ outcome }) => outcome === null)
  return {
    attempt: number,
    operator,
    possibleDuplicate: false,
    leaseUntilMs: NOW - 1,
    endedAtMs: isOpen ? null : NOW - 120_000,
    outcome: isOpen ? null : outcomeOf(parts),
    partCount,
    parts,
  }
}

function part(number: number, outcome: PartOutcome): Attempt['parts'][number] {
  const isTaken = outcome === 'sent'
  const id = isTaken ? `id-${number}` : null
  return { part: number, outcome, operatorMessageId: id, errorCode: isTaken ? null : 'code', receipt: null }
}

test('the first attempt begins at once, with any operator', () => {
  expect(nextStep([], RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 1, operator: null })
  expect(partsToSubmit([], 'a', 3, false)).toEqual({ parts: [1, 2, 3], possibleDuplicate: false })
})

test('an open attempt is left alone while its lease lasts, and given up when it has ended', () => {
  const open = (leaseUntilMs: number) => [attempt(1, null, { leaseUntilMs })]
  expect(nextStep(open(NOW + 5), RULES, NOW, 0)).toEqual({ kind: 'wait', untilMs: NOW + 5, for: 'lease' })
  expect(nextStep(open(NOW), RULES, NOW, 0)).toEqual({ kind: 'give-up-on', attempt: 1 })
})

test('a worker that sent a message again reports the same as one that knows that the first answer came after all', () => {
  const again = (first: PartOutcome): Attempt[] => {
    const [one, two] = [attempt(1, first), attempt(2, 'sent', { possibleDuplicate: true })]
    return [one, { ...two, parts: [{ ...two.parts[0]!, operatorMessageId: 'of the second' }] }]
  }
  const reported = nextStep(again('ambiguous'), RULES, NOW, 0)
  expect(reported).toMatchObject({ status: 'sent', attempt: 2, operatorMessageId: 'of the second' })
  expect(nextStep(again('sent'), RULES, NOW, 0)).toEqual(reported)
})

test('a lost answer: sent again and flagged, with whomever, or held', () => {
  const lost = [attempt(1, 'ambiguous')]
  expect(nextStep(lost, RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 2, operator: null })
  for (const operator of ['a', 'b']) expect(partsToSubmit(lost, operator, 1, false).possibleDuplicate).toBe(true)
  expect(nextStep(lost, HOLD, NOW, 0)).toMatchObject({ kind: 'report', status: 'unknown', possibleDuplicate: false })
  // The flag stays, whatever comes between.
  const later = [attempt(1, 'ambiguous'), attempt(2, 'temporary', { possibleDuplicate: true })]
  expect(partsToSubmit(later, 'a', 1, false)).toEqual({ parts: [1], possibleDuplicate: true })
})

test('a lost answer is followed by three resends over minutes, each later than the one before, and then by `unknown`', () => {
  const lost = (count: number, endedAtMs: number) =>
    Array.from({ length: count }, (_, index) => attempt(index + 1, 'ambiguous', { endedAtMs }))
  expect([1, 2, 3].map((count) => nextStep(lost(count, NOW), RULES, NOW, 0))).toEqual([
    { kind: 'wait', untilMs: NOW + 10_000, for: 'resend' },
    { kind: 'wait', untilMs: NOW + 40_000, for: 'resend' },
    { kind: 'wait', untilMs: NOW + 160_000, for: 'resend' },
  ])
  expect(nextStep(lost(3, NOW - 160_000), RULES, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 4 })
  expect(nextStep(lost(4, NOW), RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'unknown', attempt: 4 })
  // As the operator's own setting has it.
  const once: AttemptRules = { ...RULES, resendsAt: () => ({ max: 1, msFirst: 100 }) }
  expect(nextStep(lost(1, NOW), once, NOW, 0)).toMatchObject({ untilMs: NOW + 100 })
  expect(nextStep(lost(2, NOW), once, NOW, 0)).toMatchObject({ status: 'unknown' })
})

test('what was taken without an id that can be read is sent, and never submitted again', () => {
  for (const rules of [RULES, HOLD]) {
    const taken = [attempt(1, 'unidentified')]
    expect(nextStep(taken, rules, NOW, 0)).toMatchObject({
      kind: 'report',
      status: 'sent',
      operatorMessageId: null,
      errorCode: null,
      possibleDuplicate: false,
    })
    expect(partsToSubmit(taken, 'a', 1, false).parts).toEqual([])
    const half = [long(1, 2, { 1: 'unidentified', 2: 'temporary' })]
    expect(nextStep(half, rules, NOW, 0)).toMatchObject({ kind: 'begin', operator: 'a' })
    expect(partsToSubmit(half, 'a', 2, false)).toEqual({ parts: [2], possibleDuplicate: false })
    const whole = [...half, long(2, 2, { 2: 'sent' })]
    expect(nextStep(whole, rules, NOW, 0)).toMatchObject({ status: 'sent', operatorMessageId: 'id-2' })
  }
})

test('temporary errors wait longer each time, and end in failure', () => {
  const waits = [1, 2, 3].map((count) => {
    const attempts = Array.from({ length: count }, (_, index) => attempt(index + 1, 'temporary', { endedAtMs: NOW }))
    const step = nextStep(attempts, RULES, NOW, 0.5)
    return step.kind === 'wait' ? step.untilMs - NOW : step
  })
  expect(waits).toEqual([750, 3_000, 12_000])
  const four = Array.from({ length: 4 }, (_, index) => attempt(index + 1, 'temporary'))
  expect(nextStep(four, RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed', attempt: 4 })
})

test('an operator that asks for a slower pace is left alone longer each time; no retry is used up, and it ends', () => {
  const throttled = (count: number, endedAtMs: number) =>
    Array.from({ length: count }, (_, index) => attempt(index + 1, 'throttled', { endedAtMs }))
  const waits = [1, 2, 3, 40].map((count) => nextStep(throttled(count, NOW), RULES, NOW, 0))
  expect(waits.map((step) => step.kind === 'wait' && [step.untilMs - NOW, step.for])).toEqual([
    [200, 'pace'],
    [400, 'pace'],
    [800, 'pace'],
    [150_000, 'pace'],
  ])
  expect(nextStep(throttled(50, NOW - 300_000), RULES, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 51 })
  expect(nextStep(throttled(1_001, NOW - 300_000), RULES, NOW, 0)).toMatchObject({ status: 'failed', attempt: 1_001 })
})

test('nothing is begun, nor waited for, beyond the validity of a message', () => {
  const at = (validUntilMs: number) => ({ ...RULES, validUntilMs })
  expect(nextStep([], at(NOW), NOW, 0)).toMatchObject({ status: 'expired', attempt: 0, errorCode: 'validity-over' })
  expect(nextStep([], at(NOW + 1), NOW, 0)).toMatchObject({ kind: 'begin' })
  const refused = [attempt(1, 'temporary', { endedAtMs: NOW })]
  expect(nextStep(refused, at(NOW + 500), NOW, 0)).toMatchObject({ status: 'expired', attempt: 1 })
  expect(nextStep(refused, at(NOW + 501), NOW, 0)).toMatchObject({ kind: 'wait', untilMs: NOW + 500 })
  // Whether the phone has it is unknown.
  const lost = [attempt(1, 'ambiguous')]
  expect(nextStep(lost, at(NOW), NOW, 0)).toMatchObject({ status: 'unknown', errorCode: 'validity-over' })
})

test('a cancelled message has an attempt that is never submitted', () => {
  const attempts = [attempt(1, 'temporary'), attempt(2, 'cancelled')]
  expect(nextStep(attempts, RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'cancelled', attempt: 1 })
  expect(nextStep([attempt(1, 'cancelled')], RULES, NOW, 0)).toMatchObject({ status: 'cancelled', attempt: 0 })
})

test('of a long message only the open parts are submitted again, to the operator that has the others', () => {
  const attempts = [long(1, 3, { 1: 'sent', 2: 'temporary', 3: 'throttled' })]
  expect(nextStep(attempts, RULES, NOW, 0)).toEqual({ kind: 'begin', attempt: 2, operator: 'a' })
  expect(partsToSubmit(attempts, 'a', 3, false)).toEqual({ parts: [2, 3], possibleDuplicate: false })
  const whole = [...attempts, long(2, 3, { 2: 'sent', 3: 'sent' })]
  expect(nextStep(whole, RULES, NOW, 0)).toMatchObject({ status: 'sent', attempt: 2, operatorMessageId: 'id-1' })
})

test('each part is its own ambiguity: held alone, or sent again alone', () => {
  const attempts = [long(1, 3, { 1: 'ambiguous', 2: 'temporary', 3: 'sent' })]
  expect(partsToSubmit(attempts, 'a', 3, true)).toEqual({ parts: [2], possibleDuplicate: false })
  expect(partsToSubmit(attempts, 'a', 3, false)).toEqual({ parts: [1, 2], possibleDuplicate: true })
  expect(nextStep(attempts, HOLD, NOW, 0)).toMatchObject({ kind: 'begin', operator: 'a' })
  const second = [...attempts, long(2, 3, { 2: 'sent' })]
  expect(nextStep(second, HOLD, NOW, 0)).toMatchObject({ status: 'unknown', operatorMessageId: 'id-2' })
})

test('a part that is refused for good ends the message', () => {
  const attempts = [long(1, 2, { 1: 'sent', 2: 'rejected' })]
  expect(nextStep(attempts, RULES, NOW, 0)).toMatchObject({ status: 'rejected', operatorMessageId: 'id-1' })
})

test('while an operator has nothing of it, a message may go to another, where it may have other parts', () => {
  const attempts = [long(1, 3, { 1: 'temporary', 2: 'unsent', 3: 'throttled' })]
  expect(nextStep(attempts, RULES, NOW, 0)).toMatchObject({ kind: 'begin', operator: null })
  expect(partsToSubmit(attempts, 'b', 1, false)).toEqual({ parts: [1], possibleDuplicate: false })
  // What it may have and holds stays with it.
  const held = [long(1, 2, { 1: 'ambiguous', 2: 'temporary' })]
  expect(nextStep(held, HOLD, NOW, 0)).toMatchObject({ kind: 'begin', operator: 'a' })
})

const ended = fc.constantFrom<Exclude<PartOutcome, null>>(
  'sent',
  'unidentified',
  'temporary',
  'throttled',
  'rejected',
  'ambiguous',
  'unsent',
)

/** Attempts that follow one another as the plan says, at the times that it says, to their end. */
function* follow(
  partCount: number,
  rules: AttemptRules,
  spread: number,
  answer: (at: number) => Exclude<PartOutcome, null>,
) {
  const attempts: Attempt[] = []
  let nowMs = NOW
  let waitMs = 0
  for (let answers = 0; ; ) {
    const operator = attempts.length % 3 === 2 ? 'b' : 'a'
    const step = nextStep(attempts, rules, nowMs, spread)
    yield { step, attempts, waitMs, nowMs }
    if (step.kind === 'report') return
    if (step.kind === 'wait') {
      waitMs = step.untilMs - nowMs
      nowMs = step.untilMs
      continue
    }
    if (step.kind !== 'begin') throw new Error('nothing is open')
    const at = step.operator ?? operator
    const { parts, possibleDuplicate } = partsToSubmit(attempts, at, partCount, rules.holdsAt(at))
    const outcomes = Object.fromEntries(parts.map((each) => [each, answer(answers++)]))
    const made = long(step.attempt, partCount, outcomes, at)
    attempts.push({ ...made, possibleDuplicate, endedAtMs: nowMs })
  }
}

test('whatever the answers: a taken part is never sent again, one whose answer was lost only if flagged, and it ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom<string[]>([], ['a'], ['a', 'b']),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.array(ended, { minLength: 1, maxLength: 60 }),
      (partCount, holding, spread, answers) => {
        const rules = { ...RULES, holdsAt: (operator: string) => holding.includes(operator) }
        for (const { step, attempts } of follow(partCount, rules, spread, (at) => answers[at] ?? 'rejected')) {
          const last = attempts.at(-1)
          if (last) {
            const before = attempts.slice(0, -1)
            const { taken, ambiguous } = standingAt(before, last.operator)
            expect(last.parts.length).toBeGreaterThan(0)
            for (const { part: each } of last.parts) {
              expect(taken.has(each)).toBe(false)
              if (holding.includes(last.operator)) expect(ambiguous.has(each)).toBe(false)
            }
            const wasLost = before.some(({ parts }) => parts.some(({ outcome }) => outcome === 'ambiguous'))
            if (last.parts.some(({ part: each }) => ambiguous.has(each))) expect(last.possibleDuplicate).toBe(true)
            if (!wasLost) expect(last.possibleDuplicate).toBe(false)
          }
          if (step.kind !== 'report') continue
          const whole = ['a', 'b'].some((operator) => standingAt(attempts, operator).taken.size === partCount)
          expect(step.status === 'sent').toBe(whole)
          if (step.status === 'unknown') {
            expect(attempts.some(({ parts }) => parts.some(({ outcome }) => outcome === 'ambiguous'))).toBe(true)
          }
        }
      },
    ),
  )
})

test('whatever the answers: no wait is shorter than the one before it, and the submits of each kind are bounded', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.array(ended, { minLength: 1, maxLength: 30 }),
      (partCount, holds, spread, answers) => {
        const rules = { ...RULES, holdsAt: () => holds }
        let longestMs = 0
        let attempts: readonly Attempt[] = []
        for (const { step, waitMs, attempts: made } of follow(
          partCount,
          rules,
          spread,
          (at) => answers[at] ?? 'rejected',
        )) {
          attempts = made
          if (step.kind === 'begin') expect(waitMs).toBeGreaterThanOrEqual(longestMs - 0.01)
          if (step.kind === 'begin') longestMs = waitMs
        }
        const count = (outcome: PartOutcome): number =>
          attempts.filter(({ parts }) => parts.some((each) => each.outcome === outcome)).length
        expect(count('temporary')).toBeLessThanOrEqual(RULES.maxRetries + 1)
        expect(count('ambiguous')).toBeLessThanOrEqual(holds ? partCount : 4)
      },
    ),
  )
})

test('an operator that never answers, or always asks for less, is submitted to a few times over minutes or days', () => {
  const ends = (['ambiguous', 'temporary', 'throttled', 'unsent'] as const).map((outcome) => {
    const [last] = [...follow(1, RULES, 0.5, () => outcome)].slice(-1)
    const { step, attempts, nowMs } = last!
    return [outcome, step.kind === 'report' && step.status, attempts.length, Math.round((nowMs - NOW) / 60_000)]
  })
  expect(ends).toEqual([
    ['ambiguous', 'unknown', 4, 4],
    ['temporary', 'failed', 4, 0],
    ['throttled', 'failed', 1_001, 3_718],
    ['unsent', 'failed', 1_001, 3_718],
  ])
})

test('a redrive begins another round: as many refusals again, and what the phone may have stays flagged', () => {
  const rules = { ...RULES, attemptsBefore: 5 }
  const former = [attempt(1, 'ambiguous'), ...[2, 3, 4, 5].map((number) => attempt(number, 'temporary'))]
  expect(nextStep(former, RULES, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed' })
  expect(nextStep(former, rules, NOW, 0)).toEqual({ kind: 'begin', attempt: 6, operator: null })
  expect(partsToSubmit(former, 'a', 1, false).possibleDuplicate).toBe(true)
  const refused = (times: number) => [
    ...former,
    ...Array.from({ length: times }, (_, index) => attempt(6 + index, 'temporary')),
  ]
  expect(nextStep(refused(3), rules, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 9 })
  expect(nextStep(refused(4), rules, NOW, 0)).toMatchObject({ kind: 'report', status: 'failed' })
  expect(nextStep([], rules, NOW, 0)).toMatchObject({ kind: 'begin', attempt: 6 })
})
