import { expect, test } from 'vitest'
import type { PendingRequest } from '../../accept/pending-request.ts'
import { shareByCustomer } from './customer-share.ts'

/** A queue that accepts on request of the test. */
function heldQueue() {
  const waiting: { request: PendingRequest; accept: () => void; fail: () => void }[] = []
  const submit = (request: PendingRequest) =>
    new Promise<never>((resolve, reject) => {
      waiting.push({ request, accept: () => resolve({} as never), fail: () => reject(new Error('failed')) })
    })
  return { waiting, submit }
}

function requestOf(customerId: string, messages: number): PendingRequest {
  return { customerId, rows: Array.from({ length: messages }) } as unknown as PendingRequest
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a customer has so many messages under way, whatever became of those before; others have their own', async () => {
  const queue = heldQueue()
  const shared = shareByCustomer(queue, { customerMessagesMax: 10, largeFrom: 100 })
  const first = shared.submit(requestOf('a', 8))
  await expect(shared.submit(requestOf('a', 3))).rejects.toMatchObject({ code: 'too-many-requests' })
  const second = shared.submit(requestOf('a', 2))
  void shared.submit(requestOf('b', 50))
  expect(queue.waiting.map(({ request }) => request.customerId)).toEqual(['a', 'a', 'b'])
  queue.waiting[0]!.fail()
  await expect(first).rejects.toThrow('failed')
  queue.waiting[1]!.accept()
  await second
  void shared.submit(requestOf('a', 10))
  expect(queue.waiting).toHaveLength(4)
})

test('large requests go one at a time, also behind one that failed, and small ones pass', async () => {
  const queue = heldQueue()
  const shared = shareByCustomer(queue, { customerMessagesMax: 0, largeFrom: 100 })
  const failing = shared.submit(requestOf('a', 100))
  const next = shared.submit(requestOf('b', 200))
  void shared.submit(requestOf('c', 1))
  await settled()
  expect(queue.waiting.map(({ request }) => request.customerId)).toEqual(['c', 'a'])
  queue.waiting[1]!.fail()
  await expect(failing).rejects.toThrow('failed')
  await settled()
  expect(queue.waiting.at(-1)!.request.customerId).toBe('b')
  queue.waiting.at(-1)!.accept()
  await next
})
