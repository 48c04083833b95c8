import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sumUpParts, type TakenPart } from './long-message.ts'
import { RECEIPT_STATUSES, type ReceiptStatus } from './receipts.ts'

function taken(part: number, status: ReceiptStatus | null, atMs = 0): TakenPart {
  const receipt = status && {
    status,
    code: status === 'delivered' ? null : `code-${part}`,
    at: new Date(atMs),
    receivedAtMs: atMs,
    isLate: atMs > 8,
  }
  return { attempt: 1, part, operatorMessageId: `id-${part}`, receipt }
}

test('a message is open until all its parts have receipts, and is delivered with the last of them', () => {
  expect(sumUpParts([taken(1, 'delivered')], 2).status).toBeNull()
  expect(sumUpParts([taken(1, 'delivered'), taken(2, null)], 2)).toMatchObject({
    status: null,
    parts: [
      { part: 1, status: 'delivered', operator_message_id: 'id-1', at: '1970-01-01T00:00:00.000Z' },
      { part: 2, status: 'sent', operator_message_id: 'id-2' },
    ],
  })
  const whole = sumUpParts([taken(2, 'delivered', 7), taken(1, 'delivered', 9)], 2)
  expect(whole).toMatchObject({ status: 'delivered', deliveredAt: new Date(9), errorCode: null, isLate: true })
  expect(whole.operatorMessageId).toBe('id-1')
})

test('the part that is lost says why the message is', () => {
  expect(sumUpParts([taken(1, null), taken(2, 'failed')], 2)).toMatchObject({ status: 'failed', errorCode: 'code-2' })
})

test('a part that was taken twice has the outcome of its first receipt, whatever comes after it', () => {
  const first = { ...taken(1, 'delivered', 7), attempt: 2, operatorMessageId: 'second copy' }
  const open = taken(1, null)
  const later = taken(1, 'delivered', 8)
  const reported = { status: 'delivered', attempt: 2, operatorMessageId: 'second copy', deliveredAt: new Date(7) }
  expect(sumUpParts([open, first], 1)).toMatchObject(reported)
  expect(sumUpParts([later, first], 1)).toEqual(sumUpParts([open, first], 1))
  expect(sumUpParts([{ ...later, receipt: { ...later.receipt!, receivedAtMs: 6 } }, first], 1).attempt).toBe(1)
  const other = taken(2, 'delivered', 3)
  expect(sumUpParts([later, first, other], 2)).toEqual(sumUpParts([open, first, other], 2))
})

test('the order in which parts are known changes nothing', () => {
  const part = fc.record({
    part: fc.integer({ min: 1, max: 4 }),
    status: fc.option(fc.constantFrom(...RECEIPT_STATUSES)),
  })
  fc.assert(
    fc.property(fc.uniqueArray(part, { selector: ({ part }) => part }), fc.nat(), (parts, turn) => {
      const all = parts.map((each) => taken(each.part, each.status))
      const at = turn % (all.length + 1)
      const turned = [...all.slice(at), ...all.slice(0, at)]
      expect(sumUpParts(turned, 4)).toEqual(sumUpParts(all, 4))
    }),
  )
})

test('a message of which nothing was taken is open, at no attempt', () => {
  expect(sumUpParts([], 2)).toEqual({
    ...{ status: null, attempt: 0, operatorMessageId: null, errorCode: null, deliveredAt: null, isLate: false },
    parts: [],
  })
})

test('the attempt of several parts is the last by which one was taken', () => {
  const parts = [taken(1, 'delivered'), { ...taken(2, 'delivered'), attempt: 3 }]
  expect(sumUpParts(parts, 2).attempt).toBe(3)
  expect(sumUpParts([taken(1, null), { ...taken(1, null), attempt: 2 }], 1).attempt).toBe(2)
  expect(sumUpParts([taken(1, 'delivered'), { ...taken(1, null), attempt: 2 }], 1).attempt).toBe(1)
})

test('what is not known of a part is left out, and its code is there where it has one', () => {
  const nameless = { ...taken(1, null), operatorMessageId: null }
  expect(sumUpParts([nameless, taken(2, 'failed')], 2).parts).toEqual([
    { part: 1, status: 'sent' },
    { part: 2, status: 'failed', operator_message_id: 'id-2', error_code: 'code-2', at: '1970-01-01T00:00:00.000Z' },
  ])
  expect(sumUpParts([taken(1, 'delivered')], 1).parts[0]).not.toHaveProperty('error_code')
  expect(sumUpParts([taken(1, 'delivered', 8)], 1).isLate).toBe(false)
  expect(sumUpParts([taken(1, 'failed', 5)], 1).deliveredAt).toBeNull()
})
