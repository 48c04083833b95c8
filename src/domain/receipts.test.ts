import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  RECEIPT_STATUSES,
  type ReceiptStatus,
  receiptTime,
  replaces,
  statusOfMessage,
  statusOfPart,
} from './receipts.ts'
import { TRANSITIONS } from './status.ts'

const status = fc.constantFrom(...RECEIPT_STATUSES)
const known = fc.option(status)

/** What a part comes to when receipts for one taking arrive in this order. */
function standing(receipts: readonly ReceiptStatus[]): ReceiptStatus | null {
  return receipts.reduce<ReceiptStatus | null>((before, later) => (replaces(before, later) ? later : before), null)
}

test('the first definite receipt is kept; the same again changes nothing', () => {
  fc.assert(
    fc.property(fc.array(status, { minLength: 1 }), (receipts) => {
      expect(standing(receipts)).toBe(receipts.find((each) => each !== 'unknown') ?? 'unknown')
      expect(standing(receipts.flatMap((each) => [each, each]))).toBe(standing(receipts))
    }),
  )
})

test('a receipt replaces another exactly where its status may follow', () => {
  for (const before of RECEIPT_STATUSES) {
    for (const later of RECEIPT_STATUSES) expect(replaces(before, later)).toBe(TRANSITIONS[before].includes(later))
  }
})

test.each<[readonly (ReceiptStatus | null)[], ReceiptStatus | null]>([
  [[], null],
  [[null], null],
  [['delivered', null], null],
  [['delivered', 'delivered'], 'delivered'],
  [['delivered', 'failed'], 'failed'],
  [['failed', null], 'failed'],
  [['unknown', null], null],
  [['unknown', 'delivered'], 'unknown'],
  [['unknown', 'expired'], 'expired'],
  [['expired', 'failed', 'rejected'], 'rejected'],
])('parts %j make a message %s', (parts, expected) => {
  expect(statusOfMessage(parts)).toBe(expected)
})

test('a message is delivered exactly when all its parts are, whatever the order of the receipts', () => {
  fc.assert(
    fc.property(fc.array(known, { minLength: 1, maxLength: 8 }), fc.array(fc.nat()), (parts, keys) => {
      const shuffled = parts.map((part, index) => ({ part, key: keys[index] ?? 0 })).sort((a, b) => a.key - b.key)
      const whole = statusOfMessage(parts)
      expect(statusOfMessage(shuffled.map(({ part }) => part))).toBe(whole)
      expect(whole === 'delivered').toBe(parts.every((part) => part === 'delivered'))
    }),
  )
})

test('a message that is lost stays lost, and one that is delivered stays delivered, whatever comes later', () => {
  const receipt = fc.record({ part: fc.integer({ min: 0, max: 2 }), status })
  fc.assert(
    fc.property(fc.array(receipt, { maxLength: 20 }), (receipts) => {
      const parts: (ReceiptStatus | null)[] = [null, null, null]
      let before: ReceiptStatus | null = null
      for (const { part, status: later } of receipts) {
        if (replaces(parts[part]!, later)) parts[part] = later
        const now = statusOfMessage(parts)
        if (before === 'delivered') expect(now).toBe('delivered')
        else if (before !== null && before !== 'unknown') expect(['rejected', 'failed', 'expired']).toContain(now)
        before = now
      }
    }),
  )
})

test('a part that was taken twice is there when one of the two is, and lost only when both are', () => {
  expect(statusOfPart([])).toBeNull()
  expect(statusOfPart(['failed', null])).toBeNull()
  expect(statusOfPart(['failed', 'delivered'])).toBe('delivered')
  expect(statusOfPart([null, 'delivered'])).toBe('delivered')
  expect(statusOfPart(['failed', 'unknown'])).toBe('unknown')
  expect(statusOfPart(['expired', 'failed'])).toBe('failed')
  fc.assert(
    fc.property(fc.array(known, { minLength: 1 }), (receipts) => {
      expect(statusOfPart(receipts) === 'delivered').toBe(receipts.includes('delivered'))
    }),
  )
})

test('the time of a receipt is that of its operator, unless it is to come or older than sixty days', () => {
  const nowMs = Date.UTC(2026, 10, 24)
  const oldestMs = nowMs - 60 * 86_400_000
  for (const said of [nowMs, nowMs - 1, oldestMs]) expect(receiptTime(said, nowMs).getTime()).toBe(said)
  for (const said of [null, nowMs + 1, oldestMs - 1]) expect(receiptTime(said, nowMs).getTime()).toBe(nowMs)
  expect(receiptTime(null, 1_000).getTime()).toBe(1_000)
})
