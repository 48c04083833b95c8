import { expect, test } from 'vitest'
import type { Permit } from './gate.ts'
import { OperatorQueue, type QueueRules, type Slot } from './operator-queue.ts'

/** A queue whose slots are given one by one, in the order in which they were got. */
function oneByOne(rules: QueueRules = {}) {
  const connection = { isReady: true }
  const queue = new OperatorQueue(connection, 1, rules)
  const served: string[] = []
  const slots: Slot[] = []
  const wait = (customerId: string, name = customerId, priority = 1, partition = 0): void => {
    void queue.slot({ customerId, priority, topic: 't', partition, cost: 1 }).then((slot) => {
      if (!slot) return
      served.push(name)
      slots.push(slot)
    })
  }
  const serveAll = async (): Promise<string[]> => {
    await Promise.resolve()
    while (slots.length > 0) {
      slots.shift()!.release()
      await Promise.resolve()
    }
    return served
  }
  return { connection, queue, wait, serveAll }
}

test('customers take slots, whatever the number of their messages', async () => {
  const { wait, serveAll } = oneByOne()
  for (let n = 0; n < 4; n++) wait('large')
  wait('small')
  expect(await serveAll()).toEqual(['large', 'small', 'large', 'large', 'large'])
})

test('the highest priority goes before all others', async () => {
  const { wait, serveAll } = oneByOne()
  for (let n = 0; n < 3; n++) wait('large')
  wait('large', 'otp', 3)
  expect(await serveAll()).toEqual(['large', 'otp', 'large', 'large'])
})

test('nine of ten slots at most go to the highest priority while others wait, its customers in turn', async () => {
  const { wait, serveAll } = oneByOne()
  wait('first')
  for (let n = 0; n < 20; n++) wait('flood', 'otp', 3)
  wait('other', 'other otp', 3)
  for (let n = 0; n < 3; n++) wait('patient')
  const served = await serveAll()
  expect(served.indexOf('patient')).toBe(10)
  expect(served.indexOf('patient', 11)).toBe(20)
  expect(served.indexOf('other otp')).toBeLessThanOrEqual(3)
  expect(served).toHaveLength(25)
})

test('a long message takes its parts of the window, and gives all of them back', async () => {
  const queue = new OperatorQueue({ isReady: true }, 4)
  const waiting = { customerId: 'a', priority: 1, topic: 't', partition: 0 }
  const slots = [3, 3, 1].map((cost) => queue.slot({ ...waiting, cost }))
  await Promise.resolve()
  expect([queue.inFlight, queue.waiting]).toEqual([6, 1])
  ;(await slots[0]!)!.release()
  expect([queue.inFlight, queue.waiting]).toEqual([4, 0])
})

test('a gate that says no keeps all waiting until it opens, and knows how much that is', async () => {
  const asked: number[][] = []
  let reopen = (): void => {}
  let permit: Permit | null = null
  const { queue, wait, serveAll } = oneByOne({
    openGate: (reopened) => {
      reopen = reopened
      const take = (cost: number, waitingParts: number): Permit | null => {
        asked.push([cost, waitingParts])
        return permit
      }
      return { take, throttled: () => asked.push([]), stop() {} }
    },
  })
  wait('a')
  wait('b', 'otp', 3)
  expect(await serveAll()).toEqual([])
  expect(asked).toEqual([
    [1, 1],
    [1, 2],
  ])
  permit = { untilMs: 0, due: async () => true }
  reopen()
  expect(await serveAll()).toEqual(['otp', 'a'])
  queue.throttled()
  expect(asked.at(-1)).toEqual([])
})

test('what became too late while it waited is refused at its slot, and the gate is not asked', async () => {
  const asked: number[] = []
  const take = (cost: number): Permit => {
    asked.push(cost)
    return { untilMs: 0, due: async () => true }
  }
  const connection = { isReady: true }
  const queue = new OperatorQueue(connection, 10, { openGate: () => ({ take, throttled() {}, stop() {} }) })
  const waiting = { customerId: 'a', priority: 1, topic: 't', partition: 0 }
  connection.isReady = false
  const late = queue.slot({ ...waiting, cost: 3, validUntilMs: Date.now() - 1 })
  const good = queue.slot({ ...waiting, cost: 1, validUntilMs: Date.now() + 60_000 })
  connection.isReady = true
  queue.pump()
  expect(await late).toBeNull()
  expect(await good).not.toBeNull()
  expect([asked, queue.inFlight, queue.waiting]).toEqual([[1], 1, 0])
})

test('the window bounds what is in flight, and nothing goes while the operator is unavailable', async () => {
  const connection = { isReady: true }
  const queue = new OperatorQueue(connection, 2)
  const slots = [1, 2, 3].map(() => queue.slot({ customerId: 'a', priority: 1, topic: 't', partition: 0, cost: 1 }))
  await Promise.resolve()
  expect([queue.inFlight, queue.waiting]).toEqual([2, 1])
  connection.isReady = false
  ;(await slots[0]!)!.release()
  expect([queue.inFlight, queue.waiting]).toEqual([1, 1])
  connection.isReady = true
  queue.pump()
  expect(await slots[2]).not.toBeNull()
})

test('tasks of a revoked partition leave the queue at once', async () => {
  const { queue, wait, serveAll } = oneByOne()
  wait('a')
  wait('a', 'leaving', 1, 7)
  wait('a', 'staying', 1, 8)
  queue.abandon(({ partition }) => partition === 7)
  expect(queue.waiting).toBe(1)
  expect(await serveAll()).toEqual(['a', 'staying'])
})
