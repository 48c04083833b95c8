import { expect, test } from 'vitest'
import type { Connector } from './connectors/connector.ts'
import { OperatorQueue, type Turn } from './operator-queue.ts'

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
function oneByOne() {
  const line = connector()
  const queue = new OperatorQueue(line, 1)
  const served: string[] = []
  const turns: Turn[] = []
  const wait = (customerId: string, name = customerId, priority = 1, partition = 0): void => {
    void queue.turn({ customerId, priority, topic: 't', partition }).then((turn) => {
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
  expect(await serveAll()).toEqual(['large', 'large', 'small', 'large', 'large'])
})

test('the highest priority goes before all others', async () => {
  const { wait, serveAll } = oneByOne()
  for (let n = 0; n < 3; n++) wait('large')
  wait('large', 'otp', 3)
  expect(await serveAll()).toEqual(['large', 'otp', 'large', 'large'])
})

test('the window bounds what is under way, and nothing goes while the operator is away', async () => {
  const line = connector()
  const queue = new OperatorQueue(line, 2)
  const turns = [1, 2, 3].map(() => queue.turn({ customerId: 'a', priority: 1, topic: 't', partition: 0 }))
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
