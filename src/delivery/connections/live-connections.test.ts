import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { TASK as SAMPLE } from '../../../test/servers/sample-message.ts'
import type { DeliveryTask } from '../../events/delivery.ts'
import { OperatorSetup } from '../../operators/operator-setup.ts'
import { parseOperators } from '../../operators/operators-file.ts'
import { createLog } from '../../runtime/log.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { PausingGate } from '../pace/pausing-gate.ts'
import { LiveLines } from './live-connections.ts'
import { observeSmpp } from './observe-smpp.ts'

const TASK: DeliveryTask = { ...SAMPLE, operator: 'a', sender: 'Acme' }

/** The answer to a bind or an unbind, as an SMSC without a name gives it. */
function answerTo(pdu: Buffer): Buffer {
  const command = pdu.readUInt32BE(4)
  const answer = Buffer.alloc(command === 0x09 ? 17 : 16)
  answer.writeUInt32BE(answer.length, 0)
  answer.writeUInt32BE(command + 0x8000_0000, 4)
  answer.writeUInt32BE(pdu.readUInt32BE(12), 12)
  return answer
}

/** Something that takes connections, as an operator does. */
async function startPeer() {
  const sockets = new Set<Socket>()
  let waiting: (() => void)[] = []
  const changed = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    changed()
    socket.on('data', (pdu) => socket.write(answerTo(pdu)))
    socket.once('close', () => {
      sockets.delete(socket)
      changed()
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    waiting = []
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    untilConnections: async (count: number) => {
      while (sockets.size !== count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

interface Wanted {
  readonly [name: string]: { readonly address: string; readonly window?: number; readonly senders?: object }
}

/** Operators that come into force one revision after another. */
function operatorsOf(first: Wanted, routes: object[]) {
  let revision = 0
  const make = (wanted: Wanted, to = routes): OperatorSetup => {
    const operators = Object.fromEntries(
      Object.entries(wanted).map(([name, { address, ...own }]) => {
        const settings = { window: 1, response_timeout_ms: 1_000, on_ambiguous: 'hold', ...own }
        return [name, { connector: 'smpp', smpp: { address, system_id: 'test' }, ...settings }]
      }),
    )
    return new OperatorSetup(++revision, parseOperators(JSON.stringify({ operators, routes: to }), 'test'))
  }
  let current = make(first)
  const listeners = new Set<(setup: OperatorSetup) => void>()
  return {
    current: () => current,
    onChange: (listener: (setup: OperatorSetup) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply: (wanted: Wanted, to = routes) => {
      current = make(wanted, to)
      for (const listener of listeners) listener(current)
    },
  }
}

function linesFor(operators: ReturnType<typeof operatorsOf>, lingerMs = 0): LiveLines {
  const [log, simulatorAddress] = [createLog('test', 'silent'), '']
  const lines = new LiveLines({
    operators,
    simulatorAddress,
    isListening: false,
    receipt: async () => {},
    incoming: async () => {},
    oddReceipt: () => {},
    deliveredOverHttp: () => {},
    breakerChanged: () => {},
    openGate: (_operator, _perSecond, reopened) => new PausingGate(reopened),
    observeSmpp: (operator) => observeSmpp(log, new Metrics(), operator),
    log,
    lingerMs,
  })
  lines.start()
  onTestFinished(() => lines.stop())
  return lines
}

test('lines are opened, opened anew and closed as operators come, change and go', async () => {
  const [one, two] = await Promise.all([startPeer(), startPeer()])
  const operators = operatorsOf({ a: one }, [{ prefix: '', operator: 'a', price: 1 }])
  const lines = linesFor(operators)
  await one.untilConnections(1)
  const first = lines.get('a')!
  operators.apply({ a: one, b: two })
  await two.untilConnections(1)
  expect(lines.get('a')).toBe(first)
  operators.apply({ a: { ...one, window: 2 }, b: two })
  expect(lines.get('a')).not.toBe(first)
  expect(await first.queue.turn({ customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 })).toBeNull()
  operators.apply({ a: two })
  await one.untilConnections(0)
  await two.untilConnections(1)
  expect(lines.values().map(({ name }) => name)).toEqual(['a'])
})

test('a line that is closed awaits what is under way, and lets go of what waits', async () => {
  const peer = await startPeer()
  const operators = operatorsOf({ a: peer, b: peer }, [{ prefix: '', operator: 'a', price: 1 }])
  const lines = linesFor(operators)
  await peer.untilConnections(2)
  const { queue } = lines.get('b')!
  const waiting = { customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 }
  const turn = await queue.turn(waiting)
  const next = queue.turn(waiting)
  operators.apply({ a: peer })
  expect(await next).toBeNull()
  expect(queue.inFlight).toBe(1)
  turn!.release()
  await peer.untilConnections(1)
})

test('the line of a removed operator still hears receipts for a while, and hangs up at once when all stops', async () => {
  const [one, two] = await Promise.all([startPeer(), startPeer()])
  const operators = operatorsOf({ a: one }, [{ prefix: '', operator: 'a', price: 1 }])
  const lines = linesFor(operators, 60_000)
  await one.untilConnections(1)
  operators.apply({ b: two }, [{ prefix: '', operator: 'b', price: 1 }])
  expect(lines.get('a')).toBeUndefined()
  await two.untilConnections(1)
  await one.untilConnections(1)
  await lines.stop()
  await Promise.all([one.untilConnections(0), two.untilConnections(0)])
})

test('a task goes to its own operator, then where the routes lead; and elsewhere when its operator is gone', async () => {
  const peer = await startPeer()
  const routes = [{ prefix: '98', operator: 'a', failover: ['b'], price: 1 }]
  const operators = operatorsOf({ a: { ...peer, senders: { replace: '2000' } }, b: peer }, routes)
  const lines = linesFor(operators)
  const candidates = (task = TASK) => lines.candidates(task).map(({ line, sender }) => [line.name, sender])
  expect(candidates()).toEqual([
    ['a', '2000'],
    ['b', 'Acme'],
  ])
  expect(lines.candidates(TASK)[0]!.why).toBe('a: prefix 98, from 2000')
  expect(candidates({ ...TASK, operator: 'b' }).map(([name]) => name)).toEqual(['b', 'a'])
  operators.apply({ b: peer }, [{ prefix: '', operator: 'b', price: 1 }])
  expect(candidates()).toEqual([['b', 'Acme']])
  operators.apply({ c: peer }, [{ prefix: '97', operator: 'c', price: 1 }])
  expect(candidates()).toEqual([])
})

test('a network that was known when a message was accepted routes it also later', async () => {
  const peer = await startPeer()
  const routes = ['432-11', '432-35'].map((mcc_mnc, index) => ({ mcc_mnc, operator: ['a', 'b'][index], price: 1 }))
  const lines = linesFor(operatorsOf({ a: peer, b: peer }, routes))
  const names = (task: DeliveryTask) => lines.candidates(task).map(({ line }) => line.name)
  expect(names({ ...TASK, operator: 'gone' })).toEqual(['a'])
  expect(names({ ...TASK, operator: 'gone', mcc_mnc: '432-35' })).toEqual(['b'])
})

test('a line that cannot be opened keeps no other from opening', async () => {
  const peer = await startPeer()
  const operators = operatorsOf({ a: { address: 'embedded' }, b: peer }, [{ prefix: '', operator: 'b', price: 1 }])
  const lines = linesFor(operators)
  await peer.untilConnections(1)
  // It has a line that takes nothing: messages for it wait or fail over, as if it were unavailable.
  const standIn = lines.get('a')!
  expect(standIn.health.condition(Date.now())).toBe('unbound')
  expect(lines.candidates({ ...TASK, operator: 'a' }).map(({ line }) => line.name)).toEqual(['a', 'b'])
  const waiting = { customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 }
  const turn = standIn.queue.turn(waiting)
  operators.apply({ a: peer, b: peer })
  expect(await turn).toBeNull()
  expect(lines.get('a')).not.toBe(standIn)
  await peer.untilConnections(2)
})

test('a worker that can open no line waits, is not ready and says why, until one can be opened', async () => {
  const peer = await startPeer()
  const operators = operatorsOf({ a: { address: 'embedded' } }, [{ prefix: '', operator: 'a', price: 1 }])
  const lines = linesFor(operators)
  expect(lines.check).toThrow(/no operator connection could be opened.*SIMULATOR_ADDRESS/)
  expect(lines.candidates(TASK).map(({ line }) => line.name)).toEqual(['a'])
  operators.apply({ a: { address: 'embedded' }, b: peer })
  await peer.untilConnections(1)
  lines.check()
})
