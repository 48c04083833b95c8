import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { statusSubject } from '../../../test/servers/sample-message.ts'
import { ReceiptPublisher, type TakenSubmit } from './publish-receipts.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const SUBMIT: TakenSubmit = {
  ...statusSubject(7),
  operator: 'o',
  operatorMessageId: 'm',
  phone: '+989121234567',
  attempt: 1,
  part: null,
  possibleDuplicate: false,
  takenAtMs: 0,
}

test('a receipt is acknowledged when Kafka has its status, however many others wait for it, or after half a minute', async () => {
  const publish: (() => void)[] = []
  const publisher = new ReceiptPublisher({
    attempts: { history: async () => ({ attempts: [], attemptsBefore: 0 }) },
    reporter: { report: () => new Promise<void>((resolve) => publish.push(resolve)) },
    receiptTimeoutMs: () => 60_000,
  })
  const acknowledged: string[] = []
  const publishReceipt = (name: string): void => {
    const receipt = { status: 'delivered', code: null, at: new Date(0) } as const
    void publisher.publishReceipt(SUBMIT, receipt).then(() => acknowledged.push(name))
  }
  publishReceipt('first')
  await vi.advanceTimersByTimeAsync(29_900)
  publishReceipt('second')
  await vi.advanceTimersByTimeAsync(200)
  // The first waited for its half minute; the second has most of its own before it.
  expect(acknowledged).toEqual(['first'])
  publish[1]!()
  await vi.advanceTimersByTimeAsync(1)
  expect(acknowledged).toEqual(['first', 'second'])
  expect(vi.getTimerCount()).toBe(0)
  publish[0]!()
  await publisher.stop()
})
