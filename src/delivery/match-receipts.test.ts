import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ReceiptMatcher } from './match-receipts.ts'
import type { FoundSubmit } from './receipt-statements.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const RECEIPT = { operatorMessageId: 'm', status: 'delivered', errorCode: null, at: new Date(0) } as const
const SUBMIT: FoundSubmit = {
  operator: 'o',
  operator_message_id: 'm',
  sms_id: 7,
  attempt: 1,
  part: null,
  possible_duplicate: false,
  ended_at: new Date(0),
  receipt_status: null,
  customer_id: 'c',
  segments: 1,
  traceparent: null,
  wanted_at: new Date(0),
}

/** A worker that hears of a receipt, and knows no more of its submit than the tables. */
function hears() {
  const table: FoundSubmit[] = []
  const done: string[] = []
  const publish: (() => void)[] = []
  const matcher = new ReceiptMatcher({
    pool: { query: async () => ({ rows: [...table] }) } as never,
    attempts: {
      storeReceipt: async () => done.push('stored') > 0,
      keepEarly: async () => void done.push('kept'),
    },
    teller: { tell: () => new Promise<void>((resolve) => publish.push(resolve)) },
    log: {} as never,
    counted: () => {},
  })
  matcher.take('o', RECEIPT).then(
    () => done.push('acknowledged'),
    () => done.push('refused'),
  )
  return { table, done, publish, matcher }
}

test('a receipt that was kept while its answer was written is not acknowledged before it is told', async () => {
  const { table, done, publish, matcher } = hears()
  await vi.advanceTimersByTimeAsync(260)
  expect(done).toEqual(['kept'])
  table.push(SUBMIT)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(done).toEqual(['kept', 'stored'])
  publish[0]!()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['kept', 'stored', 'acknowledged'])
  await matcher.stop()
})

test('one that still fits nothing is acknowledged, as whoever writes the answer takes it up; it is looked for a while', async () => {
  const { table, done, publish, matcher } = hears()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(done).toEqual(['kept', 'acknowledged'])
  table.push({ ...SUBMIT, receipt_status: 'delivered' })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(publish).toHaveLength(1)
  await matcher.stop()
})

test('at the end of the worker, what is looked for is refused, to be told again', async () => {
  const { done, matcher } = hears()
  await vi.advanceTimersByTimeAsync(260)
  await matcher.stop()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['kept', 'refused'])
  expect(vi.getTimerCount()).toBe(0)
})
