import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RECEIPT_STATUSES, type ReceiptStatus } from '../domain/receipts.ts'
import { TRANSITIONS } from '../domain/status.ts'
import { type JudgeRules, judgeUnanswered, type TakenSubmit } from './judge-unanswered.ts'

const NOW = 1_000_000_000
const TIMEOUT_MS = 72 * 3_600_000
const RULES: JudgeRules = { receiptTimeoutMs: () => TIMEOUT_MS, appliedMs: NOW - 60_000, nowMs: NOW }

function submit(changes: Partial<TakenSubmit> = {}): TakenSubmit {
  const base = { attempt: 1, part: 1, partCount: 1, operator: 'a', operatorMessageId: 'x', possibleDuplicate: false }
  return { ...base, takenAtMs: NOW - 1_000, receipt: null, ...changes }
}

function receipt(status: ReceiptStatus, receivedAtMs: number): TakenSubmit['receipt'] {
  return { status, code: status === 'delivered' ? null : 'code', at: new Date(receivedAtMs), receivedAtMs }
}

test('without a receipt in time a message is unknown, and not before', () => {
  const taken = (takenAtMs: number) => judgeUnanswered('sent', [submit({ takenAtMs })], RULES)
  expect(taken(NOW - TIMEOUT_MS + 1)).toEqual({ kind: 'wait', untilMs: NOW + 1 })
  expect(taken(NOW - TIMEOUT_MS)).toMatchObject({
    kind: 'publish',
    status: 'unknown',
    details: { operator: 'a', attempt: 1, operatorMessageId: 'x', errorCode: 'no-receipt', isLate: false },
  })
  expect(judgeUnanswered('unknown', [submit({ takenAtMs: 0 })], RULES)).toEqual({ kind: 'leave' })
  expect(judgeUnanswered('sent', [], RULES)).toEqual({ kind: 'leave' })
})

test('a receipt whose status ought to have been applied is published again; one that was not, is only late', () => {
  const stored = (receivedAtMs: number) =>
    judgeUnanswered('sent', [submit({ receipt: receipt('failed', receivedAtMs) })], RULES)
  expect(stored(NOW - 60_000)).toMatchObject({ kind: 'wait' })
  expect(stored(NOW - 60_001)).toMatchObject({
    kind: 'publish',
    status: 'failed',
    details: { errorCode: 'code', deliveredAt: null, parts: [], isLate: false },
  })
})

test('a receipt that came after its time is published as late, also of a message that counts as unknown', () => {
  const late = submit({ takenAtMs: NOW - TIMEOUT_MS - 120_000, receipt: receipt('delivered', NOW - 100_000) })
  const decided = {
    kind: 'publish',
    status: 'delivered',
    details: { isLate: true, deliveredAt: new Date(NOW - 100_000) },
  }
  expect(judgeUnanswered('unknown', [late], RULES)).toMatchObject(decided)
})

test('a long message waits for all its parts', () => {
  const parts = [1, 2].map((part) => submit({ part, partCount: 2, operatorMessageId: `id-${part}` }))
  const first = { ...parts[0]!, receipt: receipt('delivered', NOW - 90_000) }
  expect(judgeUnanswered('sent', [first, parts[1]!], RULES)).toMatchObject({ kind: 'wait' })
  const old = parts.map((part) => ({ ...part, takenAtMs: 0 }))
  expect(judgeUnanswered('sent', [{ ...first, takenAtMs: 0 }, old[1]!], RULES)).toMatchObject({
    kind: 'publish',
    status: 'unknown',
    details: {
      parts: [
        { part: 1, status: 'delivered' },
        { part: 2, status: 'sent' },
      ],
    },
  })
})

test('only a possible next status is published, and the same for a message whenever it is judged', () => {
  const submits = fc.array(
    fc.record({
      part: fc.integer({ min: 1, max: 3 }),
      takenAtMs: fc.integer({ min: NOW - 2 * TIMEOUT_MS, max: NOW }),
      status: fc.option(fc.constantFrom(...RECEIPT_STATUSES)),
      receivedAtMs: fc.integer({ min: NOW - 200_000, max: NOW }),
    }),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(submits, fc.constantFrom<'sent' | 'unknown'>('sent', 'unknown'), (drawn, state) => {
      const taken = drawn.map(({ part, takenAtMs, status, receivedAtMs }, index) => {
        return submit({
          attempt: index + 1,
          part,
          partCount: 3,
          takenAtMs,
          receipt: status && receipt(status, receivedAtMs),
        })
      })
      const verdict = judgeUnanswered(state, taken, RULES)
      if (verdict.kind !== 'publish') return
      expect(TRANSITIONS[state]).toContain(verdict.status)
      const later = judgeUnanswered(state, taken, { ...RULES, nowMs: NOW + TIMEOUT_MS, appliedMs: NOW + TIMEOUT_MS })
      if (verdict.details.errorCode !== 'no-receipt') expect(later).toEqual(verdict)
    }),
  )
})
