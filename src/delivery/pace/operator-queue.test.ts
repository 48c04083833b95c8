import { expect, test } from 'vitest'
import type { Connector } from '../connectors/connector.ts'
import type { Permit } from './gate.ts'
import { OperatorQueue, type QueueRules, type Turn } from './operator-queue.ts'

function connector(): { isReady: boolean } & Connector {
  return {
    isReady: true,
    start() {},
    stop: async () => {},
    partsOf: () => 1,
    submit: async () => ({ kind: 'unsent', code: '' }),
  }
}

/** A queue whose turns are given one by one, in the order in which they were got. */
function oneByOne(rules: QueueRules = {}) {
  const line = connector()
  const queue = new OperatorQueue(line, 1, rules)
  const served: string[] = []
  const turns: Turn[] = []
  const wait = (customerId: string, name = customerId, priority = 1, partition = 0): void => {
    void queue.turn({ customerId, priority, topic: 't', partition, cost: 1 }).then((turn) => {
      if (!turn) return
      served.push(name)
      turns.push(turn)
    })
  }
  const serveAll = async (): Promise<string[]> => {
    await Promise.resolve()
    while (turns.length > 0) {
      turns.shift()!.release()
      await Promise.resolve()
    }
    return served
  }
  return { line, queue, wait, serveAll }
}

test('customers take turns, whatever the number of their messages', async () => {
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

test('nine of ten turns at most go to the highest priority while others wait, its customers in turn', async () => {
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
  const queue = new OperatorQueue(connector(), 4)
  const waiting = { customerId: 'a', priority: 1, topic: 't', partition: 0 }
  const turns = [3, 3, 1].map((cost) => queue.turn({ ...waiting, cost }))
  await Promise.resolve()
  expect([queue.inFlight, queue.waiting]).toEqual([6, 1])
  ;(await turns[0]!)!.release()
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

test('what became too late while it waited lets go at its turn, without asking the gate', async () => {
  const asked: number[] = []
  const take = (cost: number): Permit => {
    asked.push(cost)
    return { untilMs: 0, due: async () => true }
  }
  const line = connector()
  const queue = new OperatorQueue(line, 10, { openGate: () => ({ take, throttled() {}, stop() {} }) })
  const waiting = { customerId: 'a', priority: 1, topic: 't', partition: 0 }
  line.isReady = false
  const late = queue.turn({ ...waiting, cost: 3, validUntilMs: Date.now() - 1 })
  const good = queue.turn({ ...waiting, cost: 1, validUntilMs: Date.now() + 60_000 })
  line.isReady = true
  queue.pump()
  expect(await late).toBeNull()
  expect(await good).not.toBeNull()
  expect([asked, queue.inFlight, queue.waiting]).toEqual([[1], 1, 0])
})

test('the window bounds what is under way, and nothing goes while the operator is away', async () => {
  const line = connector()
  const queue = new OperatorQueue(line, 2)
  const turns = [1, 2, 3].map(() => queue.turn({ customerId: 'a', priority: 1, topic: 't', partition: 0, cost: 1 }))
  await Promise.resolve()
  expect([queue.inFlight, queue.waiting]).toEqual([2, 1])
  line.isReady = false
  ;(await turns[0]!)!.release()
  expect([queue.inFlight, queue.waiting]).toEqual([1, 1])
  line.isReady = true
  queue.pump()
  expect(await turns[2]).not.toBeNull()
})

test('what a partition leaves behind lets go at once', async () => {
  const { queue, wait, serveAll } = oneByOne()
  wait('a')
  wait('a', 'leaving', 1, 7)
  wait('a', 'staying', 1, 8)
  queue.abandon(({ partition }) => partition === 7)
  expect(queue.waiting).toBe(1)
  expect(await serveAll()).toEqual(['a', 'staying'])
})
