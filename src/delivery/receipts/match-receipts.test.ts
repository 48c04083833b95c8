import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { subjectRow } from '../../../test/servers/sample-message.ts'
import type { TakenUp } from '../attempts/record-attempts.ts'
import type { Receipt } from '../connectors/connector.ts'
import { ReceiptMatcher, type ReceiptOutcome } from './match-receipts.ts'
import type { FoundSubmitRow } from './receipt-statements.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const RECEIPT: Receipt = {
  operatorMessageId: 'm',
  otherIds: [],
  recipients: ['989121234567'],
  status: 'delivered',
  errorCode: null,
  at: new Date(0),
  words: '',
}
const SUBMIT: FoundSubmitRow = {
  ...subjectRow(7),
  operator: 'o',
  operator_message_id: 'm',
  attempt: 1,
  part: null,
  phone: '+989121234567',
  possible_duplicate: false,
  ended_at: new Date(0),
  receipt_status: null,
  receipt_code: null,
  receipt_at: new Date(0),
  receipt_received_at: null,
  is_under_way: false,
}

/** A worker that hears of a receipt, and knows no more of its submit than the tables. */
function hears() {
  const table: FoundSubmitRow[] = []
  const done: string[] = []
  const publish: (() => void)[] = []
  const published: TakenUp[] = []
  const outcomes: ReceiptOutcome[] = []
  let fault: Error | null = null
  const query = async ({ name, values }: { name: string; values: string[] }) => {
    if (fault && values.some((value) => String(value).includes('m'))) throw fault
    return { rows: name.startsWith('submits') ? [...table] : [] }
  }
  const matcher = new ReceiptMatcher({
    pool: { query } as never,
    attempts: {
      storeReceipt: async () => done.push('stored') > 0,
      keepEarly: async () => void done.push('kept'),
    },
    publisher: {
      publishReceipt: (_submit, receipt) => {
        published.push(receipt)
        return new Promise<void>((resolve) => publish.push(resolve))
      },
    },
    log: { warn: () => {}, error: () => {}, info: () => {} } as never,
    counted: (_operator, outcome) => outcomes.push(outcome),
    review: (_operator, cause) => done.push(`review: ${cause}`),
  })
  const breakBy = (error: Error | null): void => {
    fault = error
  }
  matcher.take('o', RECEIPT).then(
    () => done.push('acknowledged'),
    () => done.push('refused'),
  )
  return { table, done, publish, published, matcher, outcomes, breakBy }
}

test('a repeated receipt with another date is published as the first one was: one event says one thing', async () => {
  const { table, published, outcomes, matcher } = hears()
  table.push({ ...SUBMIT, receipt_status: 'delivered', receipt_code: '000', receipt_at: new Date(59_726) })
  await vi.advanceTimersByTimeAsync(300)
  expect(outcomes).toEqual(['repeated'])
  expect(published).toEqual([{ status: 'delivered', code: '000', at: new Date(59_726) }])
  await matcher.stop()
})

test('a receipt that was kept while its answer was written is not acknowledged before it is published', async () => {
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

test('one that still matches nothing is acknowledged, as the writer of the answer matches it; it is searched for a while', async () => {
  const { table, done, publish, matcher } = hears()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(done).toEqual(['kept', 'acknowledged'])
  table.push({ ...SUBMIT, receipt_status: 'delivered' })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(publish).toHaveLength(1)
  await matcher.stop()
})

test('at the end of the worker, searched receipts are refused, to be sent again', async () => {
  const { done, matcher } = hears()
  await vi.advanceTimersByTimeAsync(260)
  await matcher.stop()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['kept', 'refused'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a receipt that PostgreSQL refuses is acknowledged and kept for review, and another of the same lookup is stored', async () => {
  const { done, publish, matcher, outcomes, breakBy, table } = hears()
  breakBy(Object.assign(new Error('invalid byte sequence'), { code: '22021' }))
  table.push({ ...SUBMIT, operator_message_id: 'x' })
  const other = matcher.take('o', { ...RECEIPT, operatorMessageId: 'x' })
  await vi.advanceTimersByTimeAsync(300)
  publish[0]!()
  await other
  expect(done).toEqual(['review: unstorable', 'acknowledged', 'stored'])
  expect(outcomes).toEqual(['unstorable', 'matched'])
  await matcher.stop()
})

test('while PostgreSQL is unavailable it is queried more and more rarely, the process is not ready, and then the receipt is stored', async () => {
  const { done, publish, matcher, breakBy, table } = hears()
  table.push(SUBMIT)
  breakBy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(done).toEqual([])
  expect(() => matcher.check()).toThrow('receipt lookup has failed')
  breakBy(null)
  await vi.advanceTimersByTimeAsync(20_000)
  publish[0]!()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['stored', 'acknowledged'])
  matcher.check()
  await matcher.stop()
})

test('what fits nothing to the end is named: no such id, or the id of a message to another phone', async () => {
  for (const [rows, outcome] of [
    [[], 'unmatched'],
    [[{ ...SUBMIT, phone: '+989127654321' }], 'other-recipient'],
  ] as const) {
    const { done, matcher, outcomes, table } = hears()
    table.push(...rows)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(outcomes).toEqual(['early', outcome])
    expect(done).toEqual(['kept', 'acknowledged', `review: ${outcome}`])
    await matcher.stop()
  }
})
